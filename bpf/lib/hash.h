/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * 64-bit keys for addresses, tuples and namespaces, the same in BPF and in the collector. A key stands for the thing:
 * two different things with one key would be taken for each other, with probability 2^-64 a pair.
 */
#ifndef TRACER_HASH_H
#define TRACER_HASH_H

#include <linux/types.h>

#define HASH_SEED  0x9e3779b97f4a7c15ULL
#define NETNS_SALT 0x6e65746e73ULL /* "netns" */

static inline __attribute__((always_inline)) __u64 mix64(__u64 x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	x ^= x >> 32;
	return x;
}

/* An address as two words in memory order; IPv4 is written ::ffff:a.b.c.d. */
struct address {
	__u64 hi;
	__u64 lo;
};

static inline __attribute__((always_inline)) __u64 address_key(struct address a)
{
	return mix64(a.lo ^ mix64(a.hi + HASH_SEED)) | 1;
}

static inline __attribute__((always_inline)) __u64 netns_key(__u64 cookie)
{
	return mix64(cookie ^ (HASH_SEED * 3 + NETNS_SALT)) | 1;
}

/* Where an address or namespace stands in a table of marks: one multiplication, and others may stand there too. */
#define MARK_BITS 14
#define MARKS     (1 << MARK_BITS)

static inline __attribute__((always_inline)) __u32 address_mark(struct address a)
{
	return ((a.lo ^ a.hi * 0xd6e8feb86659fd93ULL) * HASH_SEED) >> (64 - MARK_BITS);
}

static inline __attribute__((always_inline)) __u32 netns_mark(__u64 cookie)
{
	return ((cookie ^ NETNS_SALT) * HASH_SEED) >> (64 - MARK_BITS);
}

/* The same key for both directions of a conversation. */
static inline __attribute__((always_inline)) __u64 tuple_key(struct address a, __u16 a_port, struct address b,
							      __u16 b_port, __u8 proto)
{
	__u64 one = mix64(a.lo + a_port * 0xff51afd7ULL + mix64(a.hi));
	__u64 two = mix64(b.lo + b_port * 0xff51afd7ULL + mix64(b.hi));

	return mix64(one + two + proto) | 1;
}

#endif
