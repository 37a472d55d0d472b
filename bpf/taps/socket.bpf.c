// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Data of a packet copied to a process: the delivery that matters. Once a packet, although a large one is read in pieces. */
#include "../lib/sighting.bpf.h"

SEC("tp_btf/skb_copy_datagram_iovec")
int BPF_PROG(skb_copy_datagram_iovec, struct sk_buff *skb)
{
	struct filter *f = filter_current();
	struct counters *count;
	struct scratch *s;
	struct slot slot;
	struct net *net;

	if (!f)
		return 0;
	s = scratch_of(TAP_COPY_DATAGRAM);
	if (!s)
		return 0;
	slot = slot_find(address_number(s, skb));
	if (!slot.state || slot.state->copied)
		return 0;
	if (!view_skb(skb, s, f) || !same_fingerprint(slot.state, &s->view)) {
		slot_release(&slot);
		return 0;
	}
	count = counters_of();
	if (!count)
		return 0;
	slot.state->copied = 1;
	if (!slot.state->packet) {
		count->left_out++;
		return 0;
	}
	event_begin(&s->event, TAP_COPY_DATAGRAM);
	s->event.packet = slot.state->packet;
	net = socket_net(skb);
	if (net) {
		s->event.flags |= EVENT_OWN_SOCKET;
		event_in(&s->event, net);
		socket_is_used(address_number(s, skb->sk), s->event.time_ns);
	}
	/* a UDP socket's queue does not say whose it is, but who reads it is at work */
	note_current(&s->event);
	count->seen[TAP_COPY_DATAGRAM]++;
	emit_skb(s, skb, count);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
