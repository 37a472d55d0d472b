/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * Does anybody follow this packet? By the addresses and namespaces watched, by a tuple learned from a packet that was
 * followed, or, for an ICMP error, by the tuple that it quotes.
 */
#ifndef TRACER_FILTER_BPF_H
#define TRACER_FILTER_BPF_H

#include "headers.bpf.h"

struct sides {
	u32 a;
	u32 b;
};

static __always_inline void add_key(const struct filter *f, u64 key, struct sides *sides)
{
	const struct filter_bucket *bucket = &f->buckets[(key >> 8) & (FILTER_BUCKETS - 1)];

#pragma unroll
	for (int i = 0; i < 4; i++) {
		if (bucket->key[i] == key) {
			sides->a |= bucket->a[i];
			sides->b |= bucket->b[i];
		}
	}
}

static __always_inline struct sides sides_of(const struct filter *f, struct address address)
{
	struct sides sides = {.a = f->any_a, .b = f->any_b};
	u32 count = f->prefix_count;

	add_key(f, address_key(address), &sides);
	if (!count)
		return sides;
	for (u32 i = 0; i < FILTER_PREFIXES; i++) {
		const struct filter_prefix *p = &f->prefixes[i];

		if (i >= count)
			break;
		if ((address.hi & p->mask.hi) == p->address.hi && (address.lo & p->mask.lo) == p->address.lo) {
			sides.a |= p->a;
			sides.b |= p->b;
		}
	}
	return sides;
}

static __always_inline bool is_learned(u64 key)
{
	u32 index = (key >> 8) & (LEARNED_BUCKETS - 1);
	const struct learned_bucket *bucket = bpf_map_lookup_elem(&learned, &index);

	if (!bucket || !key)
		return false;
#pragma unroll
	for (int i = 0; i < 8; i++)
		if (bucket->key[i] == key)
			return true;
	return false;
}

/* The newest stands first; the oldest falls out and is counted. Lost races cost one tuple, which the next packet teaches again. */
__weak __noinline int learn(u64 key)
{
	u32 index = (key >> 8) & (LEARNED_BUCKETS - 1);
	struct learned_bucket *bucket = bpf_map_lookup_elem(&learned, &index);
	struct counters *count = counters_of();

	if (!bucket || !count || !key)
		return 0;
#pragma unroll
	for (int i = 0; i < 8; i++)
		if (bucket->key[i] == key)
			return 0;
	if (bucket->key[7])
		count->learned_evicted++;
	count->learned++;
#pragma unroll
	for (int i = 7; i > 0; i--)
		bucket->key[i] = bucket->key[i - 1];
	bucket->key[0] = key;
	return 1;
}

static __always_inline u32 rules_between(struct sides x, struct sides y)
{
	return (x.a & y.b) | (x.b & y.a);
}

static __always_inline bool is_end(struct address want, u16 want_port, struct address address, u16 port)
{
	bool any = !want.hi && !want.lo;

	return (any || (want.hi == address.hi && want.lo == address.lo)) && (!want_port || want_port == port);
}

static __always_inline bool is_own(const struct filter *f, const struct view *v, u64 netns)
{
#pragma unroll
	for (u32 i = 0; i < FILTER_OWN; i++) {
		const struct own *own = &f->own[i];

		if (i >= f->own_count)
			return false;
		if (own->netns && own->netns != netns)
			continue;
		if (is_end(own->a, own->a_port, v->src, v->sport) && is_end(own->b, own->b_port, v->dst, v->dport))
			return true;
		if (is_end(own->b, own->b_port, v->src, v->sport) && is_end(own->a, own->a_port, v->dst, v->dport))
			return true;
	}
	return false;
}

/* Such a packet would be followed, were it not this program's own business. */
__weak __noinline int is_excluded(const struct filter *f, const struct view *v, u64 netns)
{
	struct counters *count;

	if (!f || !v || !f->own_count || v->proto != PROTO_TCP || !is_own(f, v, netns))
		return false;
	count = counters_of();
	if (count)
		count->own++;
	return true;
}

__weak __noinline int is_asked_for(const struct filter *f, const struct view *v, u64 netns)
{
	struct sides place = {}, src, dst;
	u32 rules;

	if (!f || !v)
		return 0;
	if (f->all & f->any_proto)
		return true;
	add_key(f, netns_key(netns), &place);
	src = sides_of(f, v->src);
	dst = sides_of(f, v->dst);
	src.a |= place.a;
	src.b |= place.b;
	dst.a |= place.a;
	dst.b |= place.b;
	rules = rules_between(src, dst) & (f->any_proto | (v->proto == PROTO_TCP ? f->tcp : 0) |
					   (v->proto == PROTO_UDP ? f->udp : 0) |
					   (v->proto == PROTO_ICMP || v->proto == PROTO_ICMPV6 ? f->icmp : 0));
	if (rules)
		return true;
	return is_learned(v->tuple) || is_learned(v->quoted) || is_learned(v->fragment);
}

static __always_inline bool is_followed(const struct filter *f, const struct view *v, u64 netns)
{
	return is_asked_for(f, v, netns) && !is_excluded(f, v, netns);
}

#endif
