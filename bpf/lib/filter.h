/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * What is being followed, as the collector writes it and the taps read it.
 *
 * A rule has two sides, A and B. A packet matches it if one of its ends is on side A and the other on side B. A table
 * gives each watched address or namespace two bit masks, one bit a rule: on which rules' side A, on which side B.
 * Look-ups are compares of four 64-bit keys in one cache line; there is no hash map on the way of a packet that nobody follows.
 * Most of these do not come so far: `marks` says of each address on which side of any rule it can be at all.
 */
#ifndef TRACER_FILTER_H
#define TRACER_FILTER_H

#include "hash.h"

#define FILTER_RULES    32
#define FILTER_BUCKETS  256 /* × 4 ways = addresses and namespaces watched at once, at best */
#define FILTER_PREFIXES 8
#define FILTER_TUNNELS  4
#define FILTER_OWN      4

struct filter_bucket {
	__u64 key[4];
	__u32 a[4];
	__u32 b[4];
};

#define MARK_A 1 /* on side A of some rule */
#define MARK_B 2

struct filter_prefix {
	struct address address;
	struct address mask;
	__u32 a;
	__u32 b;
};

/* A conversation that is not looked at: between these ends in either direction. 0 = any. */
struct own {
	__u64 netns;
	struct address a;
	struct address b;
	__u16 a_port; /* network order */
	__u16 b_port;
	__u32 reserved;
};

struct filter {
	__u32 active;       /* rules in use, one bit each; 0: nothing is followed */
	__u32 all;          /* rules whose two sides are "any" */
	__u32 any_a;        /* rules whose side A is "any" */
	__u32 any_b;
	__u32 prefix_count;
	__u32 any_proto;    /* rules that take every protocol; ICMP errors are found by the tuple that they quote */
	__u32 tcp;
	__u32 udp;
	__u32 icmp;         /* ICMP and ICMPv6 */
	__u32 any_marks;    /* MARK_* that every address has */
	__u32 has_netns;    /* some side is a namespace */
	__u32 by_address;   /* no side is a namespace or a prefix */
	__u16 tunnel_ports[FILTER_TUNNELS];  /* UDP destination ports that carry VXLAN, network order */
	__u32 own_count;
	__u32 reserved;
	struct own own[FILTER_OWN];
	__u8 marks[MARKS];  /* MARK_* by address_mark() and netns_mark(); never too few, sometimes too many */
	struct filter_prefix prefixes[FILTER_PREFIXES];
	struct filter_bucket buckets[FILTER_BUCKETS];
};

#endif
