// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A packet that has to wait until ARP or neighbour discovery tells its next hop's MAC address. __neigh_event_send() has just put it
 * at the end of the neighbour's queue when this fires (result 1); it goes on when the answer comes, or is dropped after some 3 s.
 */
#include "../lib/emit.bpf.h"

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

	if (!f || result != 1)
		return 0;
	s = scratch_of(TAP_NEIGHBOUR);
	if (!s)
		return 0;
	skb = neigh->arp_queue.prev;
	slot = slot_find(address_number(s, skb));
	if (!slot.state || !view_skb(skb, s, f) || !same_fingerprint(slot.state, &s->view))
		return 0;
	count = counters_of();
	if (!count)
		return 0;
	dev = neigh->dev;
	net = dev->nd_net.net;
	event_begin(&s->event, TAP_NEIGHBOUR);
	s->event.packet = slot.state->packet;
	slot.state->seen_ns = s->event.time_ns;
	s->event.netns = net->net_cookie;
	s->event.netns_inode = net->ns.inum;
	s->event.ifindex = dev->ifindex;
	bpf_probe_read_kernel_str(s->event.dev, sizeof(s->event.dev), dev->name);
	count->seen[TAP_NEIGHBOUR]++;
	emit_skb(s, skb, count);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
