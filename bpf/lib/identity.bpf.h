/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * Is this the packet that was at this sk_buff address before, or another one?
 *
 * An address is recycled within milliseconds and most frees have no tracepoint, so the address only proposes. It carries
 * a NEW packet if: it is at its origin (sent by a socket of the device's own namespace, or never received by any
 * device, and it had left that origin or never was there); the fingerprint differs; the inner TTL grew; or it shows again at a place that it has visited, with
 * the same TTL. A seen end (consume_skb, kfree_skb) removes the state, which is the fifth rule.
 *
 * What it cannot know: two packets with equal headers and equal first 8 payload bytes, one after the other at one address,
 * on ways that share no place, without a seen end between. User space checks each step against the topology.
 */
#ifndef TRACER_IDENTITY_BPF_H
#define TRACER_IDENTITY_BPF_H

#include "headers.bpf.h"

#define EVICT_YOUNG_NS 1000000000ULL

__weak const volatile __u32 check_fingerprint = 1; /* switched off only by the mutation test */
__weak const volatile __u32 check_birth = 1;

struct slot {
	struct skb_bucket *bucket;
	struct skb_state *state; /* NULL: this address is not known */
	u32 index;               /* of the bucket */
	u32 way;
};

static __always_inline struct skb_state *state_at(u32 index, u32 way)
{
	struct skb_states *states_of_bucket = bpf_map_lookup_elem(&states, &index);

	return states_of_bucket ? &states_of_bucket->state[way & 3] : NULL;
}

static __always_inline struct slot slot_find(u64 skb)
{
	struct slot slot = {.index = (skb * HASH_SEED) >> (64 - SKB_BUCKET_BITS)};

	slot.bucket = &skbs[slot.index & (SKB_BUCKETS - 1)];
	if (slot.bucket->key[0] == skb)
		slot.way = 0;
	else if (slot.bucket->key[1] == skb)
		slot.way = 1;
	else if (slot.bucket->key[2] == skb)
		slot.way = 2;
	else if (slot.bucket->key[3] == skb)
		slot.way = 3;
	else
		return slot;
	slot.state = state_at(slot.index, slot.way);
	return slot;
}

static __always_inline void slot_release(struct slot *slot)
{
	if (slot->bucket && slot->state)
		slot->bucket->key[slot->way & 3] = 0;
	slot->state = NULL;
}

/* Takes a free way of the bucket, or the one unseen for longest. Two CPUs may want the same way: one of them wins. */
static __always_inline bool slot_claim(struct slot *slot, u64 skb, u64 now_ns, struct counters *count)
{
	struct skb_states *held = bpf_map_lookup_elem(&states, &slot->index);
	struct skb_bucket *bucket = slot->bucket;
	u64 oldest_ns = ~0ULL, old;
	u32 way = 0;

	if (!bucket || !held)
		return false;
#pragma unroll
	for (u32 i = 0; i < 4; i++) {
		u64 seen_ns = bucket->key[i] ? held->state[i].seen_ns : 0;

		if (seen_ns < oldest_ns) {
			oldest_ns = seen_ns;
			way = i;
		}
	}
	way &= 3;
	old = bucket->key[way];
	if (__sync_val_compare_and_swap(&bucket->key[way], old, skb) != old)
		return false;
	if (old && now_ns - oldest_ns < EVICT_YOUNG_NS)
		count->state_evicted++;
	slot->way = way;
	slot->state = &held->state[way];
	return true;
}

static __always_inline u32 place_of(u64 netns, u32 ifindex, u32 tap, u8 ttl)
{
	return (u32)mix64(netns * 0x9e3779b97f4a7c15ULL + ((u64)ifindex << 16 | tap << 8 | ttl)) | 1;
}

static __always_inline bool was_at(const struct skb_state *st, u32 place)
{
#pragma unroll
	for (int i = 0; i < PLACES; i++)
		if (st->places[i] == place)
			return true;
	return false;
}

static __always_inline void remember_place(struct skb_state *st, u32 place)
{
	u32 i = st->place_count & (PLACES - 1);

	st->place_count++;
	st->places[i] = place;
}

static __always_inline bool same_fingerprint(const struct skb_state *st, const struct view *v)
{
	if (!check_fingerprint)
		return true;
	if (st->fingerprint != v->fingerprint)
		return false;
	return !st->payload || !v->payload || st->payload == v->payload;
}

static __always_inline enum identity identify(const struct skb_state *st, const struct view *v, u64 netns, u32 place,
					      bool at_origin)
{
	if (!st)
		return IDENTITY_FIRST;
	if (check_birth && at_origin && (st->received || st->origin_netns != netns))
		return IDENTITY_BIRTH;
	if (!same_fingerprint(st, v))
		return IDENTITY_FINGERPRINT;
	if (check_birth && v->ttl > st->ttl)
		return IDENTITY_TTL;
	if (check_birth && was_at(st, place))
		return IDENTITY_PLACE;
	return IDENTITY_SAME;
}

static __always_inline void state_begin(struct skb_state *st, const struct view *v, u64 packet, u64 netns)
{
	__builtin_memset(st, 0, sizeof(*st));
	st->packet = packet;
	st->fingerprint = v->fingerprint;
	st->origin_netns = netns;
}

static __always_inline u64 next_packet(struct counters *count)
{
	/* atomic: a kfree_skb in a system call may be interrupted here by a softirq that names a packet too */
	return (u64)bpf_get_smp_processor_id() << 40 | (__sync_fetch_and_add(&count->next_packet, 1) + 1);
}

#endif
