// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The end of an sk_buff that has a tracepoint: kfree_skb (with the kernel's reason) and consume_skb. Most ends have none.
 * What an end means is judged in user space by reason and function, never here.
 */
#include "../lib/sighting.bpf.h"

#define SEGMENTS_NS 1000000ULL
#define FRAMES 12 /* of the stack above the tracepoint, at most: the program, what calls it, and one of `enders` */

/* Before Linux 6.3 the tracepoint does not say who called. */
const volatile __u32 consume_tells_location = 1;
const volatile struct ender enders[ENDERS] = {};

/* The return address that a newer kernel would tell, found on the stack; 0: none of `enders` is on it. */
static __always_inline u64 location_on_stack(void *ctx)
{
	struct scratch *s = scratch_of(TAP_CONSUME_SKB);
	u64 *frames;
	long len;

	if (!s)
		return 0;
	frames = (u64 *)s->tail;
	len = bpf_get_stack(ctx, frames, FRAMES * sizeof(*frames), 0);
	for (int i = 0; i < FRAMES - 1 && (i + 1) * (long)sizeof(*frames) < len; i++)
#pragma unroll
		for (int j = 0; j < ENDERS; j++)
			if (frames[i] >= enders[j].from && frames[i] < enders[j].to)
				return enders[j].is_location ? frames[i] : frames[i + 1];
	return 0;
}

static __always_inline int at_end(void *ctx, struct sk_buff *skb, u64 location, u32 reason, u32 tap)
{
	struct filter *f = filter_current();
	struct counters *count;
	struct net_device *dev;
	struct net *net;
	struct scratch *s;
	struct slot slot;
	bool was_left_out;

	if (!f)
		return 0;
	s = scratch_of(tap);
	if (!s)
		return 0;
	slot = slot_find(address_number(s, skb));
	if (!slot.state && tap == TAP_CONSUME_SKB)
		return 0;
	/* the address may have gone to a netlink or unix socket's buffer long ago: that end is not this packet's */
	if (!view_skb(skb, s, f)) {
		slot_release(&slot);
		return 0;
	}
	if (slot.state && !same_fingerprint(slot.state, &s->view))
		slot_release(&slot);
	if (!slot.state && tap == TAP_CONSUME_SKB)
		return 0;
	dev = device_of(skb, s);
	if (!slot.state && !is_followed(f, &s->view, dev ? dev->nd_net.net->net_cookie : 0))
		return 0;
	count = counters_of();
	if (!count)
		return 0;
	was_left_out = slot.state && !slot.state->packet;
	event_begin(&s->event, tap);
	if (slot.state) {
		s->event.packet = slot.state->packet;
		slot_release(&slot);
	}
	/* only a loss is told of what was left out; whether it is one, user space knows */
	if (was_left_out && tap == TAP_CONSUME_SKB) {
		count->left_out++;
		return 0;
	}
	if (was_left_out)
		s->event.flags |= EVENT_LEFT_OUT;
	if (!s->event.packet) {
		s->event.packet = next_packet(count);
		s->event.identity = IDENTITY_FIRST;
		s->event.flags |= EVENT_UNTRACKED_END;
	}
	s->event.location = tap == TAP_CONSUME_SKB && !consume_tells_location ? location_on_stack(ctx) : location;
	s->event.reason = reason;
	if (dev) {
		event_in(&s->event, dev->nd_net.net);
		event_at(&s->event, dev);
	}
	net = socket_net(skb);
	if (net && (!dev || net == dev->nd_net.net)) {
		s->event.flags |= EVENT_OWN_SOCKET;
		if (tap == TAP_KFREE_SKB) /* what OUTPUT drops, no device has shown */
			packet_is_own(s, skb);
		event_in(&s->event, net);
	}
	/* what is read from a UDP socket in one piece has no other tracepoint; user space knows by the location */
	if (tap == TAP_CONSUME_SKB && !dev)
		note_current(&s->event);
	if (count->received_packet == s->event.packet)
		count->received_packet = 0;
	count->seen[tap & (TAP_MAX - 1)]++;
	emit_skb(s, skb, count);
	if (tap == TAP_CONSUME_SKB && s->event.gso_size)
		count->segments_until_ns = s->event.time_ns + SEGMENTS_NS;
	return 0;
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(kfree_skb, struct sk_buff *skb, void *location, u32 reason)
{
	return at_end(ctx, skb, (u64)location, reason, TAP_KFREE_SKB);
}

SEC("tp_btf/consume_skb")
int consume_skb(u64 *ctx)
{
	return at_end(ctx, (struct sk_buff *)ctx[0], consume_tells_location ? ctx[1] : 0, 0, TAP_CONSUME_SKB);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
