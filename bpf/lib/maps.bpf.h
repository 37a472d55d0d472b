/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * The maps that all taps share. Every object defines them weakly; linking the objects makes them one. What every packet of the
 * host looks at is a global variable: it has a fixed address, where a look-up in a map has to find one.
 */
#ifndef TRACER_MAPS_BPF_H
#define TRACER_MAPS_BPF_H

#include "../kernel.h"
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "../record.h"
#include "counters.h"
#include "filter.h"
#include "tables.h"

#define BYTES_READ 160 /* from the network header on: two IPv6 headers, VXLAN, TCP and a bit */
#define BYTES_SIZE 272 /* any masked offset below 256 plus the widest load stays inside */

/* What the headers of a packet say; `innermost` where it is encapsulated. */
struct view {
	struct address src, dst;
	struct address outer_src, outer_dst;
	__u64 fingerprint;  /* core: never 0 */
	__u64 payload;      /* first bytes behind the headers; 0 = not in the linear area or none */
	__u64 tuple;        /* key of the innermost tuple; 0 = none */
	__u64 fragment;     /* key that all fragments of one datagram share; 0 = not a fragment */
	__u64 quoted;       /* ICMP error: key of the tuple that it quotes; 0 = none */
	__u16 sport, dport; /* network order */
	__u16 headers_len;  /* bytes from the network header on that are worth copying */
	__u32 seq;          /* TCP */
	__u32 end_seq;      /* behind the segment; SYN and FIN count */
	__u8 version;       /* 4, 6; 1 = ARP; 0 = not understood */
	__u8 proto;
	__u8 ttl;
	__u8 tunnel;
	__u8 tcp_flags;
	__u8 reserved;
};

struct cursor {
	__u32 off;   /* of the next header within `bytes` */
	__u32 end;   /* first byte not read, or past the IP length */
	__u32 rest;  /* bytes of this packet that the IP length says are there from `off` on */
	__u32 reserved;
};

/* One per tap and CPU. A tap never interrupts itself (the kernel counts and skips such a run), so the buffer is its own. */
struct scratch {
	__u64 address; /* see address_number() */
	__u8 bytes[BYTES_SIZE];
	struct cursor cursor;
	struct view view;
	struct event event;
	__u8 tail[sizeof(struct event_ct) + HEADERS_MAX + 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TAP_MAX);
	__type(key, u32);
	__type(value, struct scratch);
} scratch SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024); /* the collector sets another size before loading */
} ring SEC(".maps") __weak;

/* Two, so that a change is seen whole: the collector fills the idle one and then flips `filter_in_force`. */
__weak struct filter filters[2] = {};
__weak volatile __u32 filter_in_force = 0;
/* No followed packet was seen for a while: a stranger need not be looked for among those that are followed by their sk_buff. */
__weak volatile __u32 none_on_its_way = 0;

__weak const volatile __u64 wakeup_bytes = 512 * 1024; /* a quarter of the ring */

#define PLACES 32

/* What is remembered of a followed packet, by the address of its sk_buff. */
struct skb_state {
	u64 packet;      /* 0: it is left out */
	u64 fingerprint;
	u64 payload;
	u64 seen_ns;
	u64 origin_netns;
	u8 ttl;
	u8 received;    /* was seen coming in somewhere: it has left its origin */
	u8 place_count;
	u8 copied;      /* its copy to a process has been told */
	u8 reserved[4];
	u32 places[PLACES];
};

struct skb_states {
	struct skb_state state[4];
};

__weak struct skb_bucket skbs[SKB_BUCKETS] = {};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SKB_BUCKETS);
	__type(key, u32);
	__type(value, struct skb_states);
} states SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LEARNED_BUCKETS);
	__type(key, u32);
	__type(value, struct learned_bucket);
} learned SEC(".maps") __weak;

__weak struct learned_marks learned_marks = {};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct counters);
} counters SEC(".maps") __weak;

static __always_inline struct scratch *scratch_of(u32 tap)
{
	return bpf_map_lookup_elem(&scratch, &tap);
}

static __always_inline struct counters *counters_of(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&counters, &zero);
}

static __always_inline struct filter *filter_current(void)
{
	struct filter *f = &filters[filter_in_force & 1];

	return f->active ? f : NULL;
}

#endif
