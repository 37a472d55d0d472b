// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A packet that has to wait until ARP or neighbour discovery tells its next hop's MAC address. __neigh_event_send() has just put it
 * at the end of the neighbour's queue when this fires (result 1); it goes on when the answer comes, or is dropped after some 3 s.
 * What is made here waits before any device has shown it: then this is the first that is seen of it.
 */
#include "../lib/sighting.bpf.h"

SEC("tp_btf/neigh_event_send_done")
int BPF_PROG(neigh_event_send_done, struct neighbour *neigh, int result)
{
	struct filter *f = filter_current();
	struct counters *count;
	struct net_device *dev;
	struct sk_buff *skb;
	struct scratch *s;
	struct slot slot;
	struct net *net;
	u64 address;

	if (!f || result != 1)
		return 0;
	s = scratch_of(TAP_NEIGHBOUR);
	if (!s)
		return 0;
	skb = neigh->arp_queue.prev;
	address = address_number(s, skb);
	slot = slot_find(address);
	if (!view_skb(skb, s, f))
		return 0;
	dev = neigh->dev;
	net = dev->nd_net.net;
	if (slot.state && !same_fingerprint(slot.state, &s->view))
		slot_release(&slot);
	if (!slot.state && !is_followed(f, &s->view, net->net_cookie))
		return 0;
	count = counters_of();
	if (!count)
		return 0;
	event_begin(&s->event, TAP_NEIGHBOUR);
	if (!slot.state) {
		s->event.identity = IDENTITY_FIRST;
		packet_begins(s, &slot, address, net->net_cookie, count);
	}
	if (!packet_seen(s, &slot, count))
		return 0;
	if (socket_net(skb) == net)
		packet_is_own(s, skb);
	event_in(&s->event, net);
	event_at(&s->event, dev);
	count->seen[TAP_NEIGHBOUR]++;
	emit_skb(s, skb, count);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
