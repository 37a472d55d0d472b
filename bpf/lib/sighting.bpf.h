/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * What every tap that sees a followed packet does alike: name it, remember that it was seen, say where.
 */
#ifndef TRACER_SIGHTING_BPF_H
#define TRACER_SIGHTING_BPF_H

#include "emit.bpf.h"
#include "overload.bpf.h"
#include "process.bpf.h"

/* A new packet is at this address: it gets an id, and a slot to be known by. */
static __always_inline void packet_begins(struct scratch *s, struct slot *slot, u64 address, u64 netns,
					  struct counters *count)
{
	u64 evicted = count->state_evicted;

	if (!slot->state && !slot_claim(slot, address, s->event.time_ns, count))
		count->state_evicted++;
	s->event.packet = slot->state && gives_way(&s->view) ? 0 : next_packet(count);
	if (slot->state)
		state_begin(slot->state, &s->view, s->event.packet, netns);
	if (count->state_evicted != evicted)
		s->event.flags |= EVENT_EVICTED;
}

/* False: it is left out. */
static __always_inline bool packet_seen(struct scratch *s, const struct slot *slot, struct counters *count)
{
	if (!slot->state)
		return true;
	s->event.packet = slot->state->packet;
	slot->state->seen_ns = s->event.time_ns;
	slot->state->ttl = s->view.ttl;
	if (s->event.packet)
		return true;
	count->left_out++;
	return false;
}

static __always_inline void event_in(struct event *e, const struct net *net)
{
	e->netns = net->net_cookie;
	e->netns_inode = net->ns.inum;
}

static __always_inline void event_at(struct event *e, const struct net_device *dev)
{
	e->ifindex = dev->ifindex;
	bpf_probe_read_kernel_str(e->dev, sizeof(e->dev), dev->name);
}

/* NULL: it has sent nothing here of late. */
static __always_inline struct sent *sent_by(struct counters *count, u64 sk)
{
	struct sent *bucket = count->sent[(sk * HASH_SEED) >> 60 & (SENT_BUCKETS - 1)];

#pragma unroll
	for (int i = 0; i < SENT_WAYS; i++)
		if (bucket[i].sk == sk)
			return &bucket[i];
	return NULL;
}

/* Its socket is of the namespace that it is seen in. */
static __always_inline void packet_is_own(struct scratch *s, struct sk_buff *skb)
{
	s->event.flags |= EVENT_OWN_SOCKET;
	socket_sends(address_number(s, skb->sk), s->event.time_ns);
}

#endif
