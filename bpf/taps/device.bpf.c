// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A packet at a device: handed to its queue (net_dev_queue) or received from it (netif_receive_skb).
 * These two alone show the way through veth, bridge, tunnel and namespaces.
 */
#include "../lib/sighting.bpf.h"

/* For taps that name only the socket: lib/counters.h. */
static __always_inline void count_received(struct counters *count, const struct scratch *s, u64 address)
{
	const struct view *v = &s->view;

	count->received_packet = s->event.packet;
	count->received_skb = address;
	count->received_netns = s->event.netns;
	count->received_ports = v->proto == PROTO_TCP ? (u32)v->sport << 16 | v->dport : 0;
	count->received_end_seq = v->end_seq;
}

static __always_inline void count_sent(struct counters *count, const struct scratch *s, u64 address, u64 sk)
{
	struct sent *sent = sent_by(count, sk);

	if (!sent)
		sent = &count->sent[(sk * HASH_SEED) >> 60 & (SENT_BUCKETS - 1)][count->sent_next++ & (SENT_WAYS - 1)];
	sent->sk = sk;
	sent->packet = s->event.packet;
	sent->skb = address;
}

/* s: the headers have been read. A function of its own, so that what every packet runs through is short. */
static __noinline int followed_at_device(struct sk_buff *skb, struct filter *f, struct scratch *s, u32 tap)
{
	struct counters *count;
	struct net_device *dev;
	enum identity identity;
	struct slot slot;
	struct net *net;
	u64 netns, address;
	u32 place;
	bool own, at_origin, is_shown;

	if (!f || !s || !view_headers(skb, s, f))
		return 0;
	dev = skb->dev;
	net = dev->nd_net.net;
	netns = net->net_cookie;
	own = socket_net(skb) == net;
	place = place_of(netns, dev->ifindex, tap, s->view.ttl);
	address = address_number(s, skb);
	slot = slot_find(address);
	/* skb_scrub_packet() zeroes skb_iif when a tunnel wraps a packet that it forwards */
	at_origin = tap == TAP_NET_DEV_QUEUE && (own || (!skb->skb_iif && !s->view.tunnel));
	identity = identify(slot.state, &s->view, netns, place, at_origin);
	if (identity != IDENTITY_SAME && !is_followed(f, &s->view, netns)) {
		slot_release(&slot);
		return 0;
	}
	count = counters_of();
	if (!count)
		return 0;
	event_begin(&s->event, tap);
	if (identity != IDENTITY_SAME)
		packet_begins(s, &slot, address, netns, count);
	is_shown = packet_seen(s, &slot, count);
	if (slot.state) {
		if (!slot.state->payload)
			slot.state->payload = s->view.payload;
		if (tap == TAP_NETIF_RECEIVE_SKB)
			slot.state->received = 1;
		remember_place(slot.state, place);
	}
	if (!is_shown) {
		count->received_packet = 0;
		return 0;
	}
	s->event.identity = identity;
	event_in(&s->event, net);
	event_at(&s->event, dev);
	if (own)
		packet_is_own(s, skb);
	if (tap == TAP_NETIF_RECEIVE_SKB)
		count_received(count, s, address);
	else if (own)
		count_sent(count, s, address, address_number(s, skb->sk));
	count->seen[tap & (TAP_MAX - 1)]++;
	emit_skb(s, skb, count);
	return 0;
}

static __always_inline int at_device(struct sk_buff *skb, u32 tap)
{
	struct filter *f = filter_current();
	struct scratch *s;
	bool is_strange;

	if (!f)
		return 0;
	is_strange = is_stranger(skb, f);
	if (is_strange && none_on_its_way)
		return 0;
	s = scratch_of(tap);
	if (!s || (is_strange && !slot_find(address_number(s, skb)).state))
		return 0;
	if (!read_headers(skb, s))
		return 0;
	if (!may_be_followed(skb, s, f) && !slot_find(address_number(s, skb)).state)
		return 0;
	return followed_at_device(skb, f, s, tap);
}

SEC("tp_btf/net_dev_queue")
int BPF_PROG(net_dev_queue, struct sk_buff *skb)
{
	return at_device(skb, TAP_NET_DEV_QUEUE);
}

SEC("tp_btf/netif_receive_skb")
int BPF_PROG(netif_receive_skb, struct sk_buff *skb)
{
	return at_device(skb, TAP_NETIF_RECEIVE_SKB);
}

/*
 * Only the segments of a followed super-packet: all others repeat net_dev_queue. Software segmentation gives each
 * segment an sk_buff of its own (validate_xmit_skb()), right before it gets here.
 */
SEC("tp_btf/net_dev_start_xmit")
int BPF_PROG(net_dev_start_xmit, struct sk_buff *skb)
{
	struct counters *count = counters_of();
	struct scratch *s;
	struct filter *f;
	struct slot slot;

	if (!count || !count->segments_until_ns)
		return 0;
	if (bpf_ktime_get_ns() > count->segments_until_ns) {
		count->segments_until_ns = 0;
		return 0;
	}
	f = filter_current();
	s = scratch_of(TAP_NET_DEV_START_XMIT);
	if (!f || !s || !view_skb(skb, s, f))
		return 0;
	/* the state of another packet says nothing: the segment may have got that one's address */
	slot = slot_find(address_number(s, skb));
	if (slot.state && same_fingerprint(slot.state, &s->view))
		return 0;
	return at_device(skb, TAP_NET_DEV_START_XMIT);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
