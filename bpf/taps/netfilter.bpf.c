// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A packet at a netfilter hook, after the rules that matter there: behind DNAT in PREROUTING and OUTPUT, behind the filter in
 * FORWARD, behind filter and SNAT in INPUT and POSTROUTING. Attached by the collector, only in the namespaces asked for and while they
 * are asked for: a link costs each packet of its hook some 0.2 µs even when it looks away at once, and pins its namespace.
 *
 * It never decides: the verdict is always ACCEPT.
 */
#include "../lib/sighting.bpf.h"

#define NF_ACCEPT      1
#define NF_INET_LOCAL_OUT    3
#define NF_INET_POST_ROUTING 4
#define PLACE_NETFILTER 0x80 /* apart from the taps, in the same space */

static __always_inline int at_hook(struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct filter *f = filter_current();
	struct counters *count;
	struct net_device *dev;
	enum identity identity;
	struct net *net = state->net;
	u8 hook = state->hook;
	struct scratch *s;
	struct slot slot;
	u64 netns, address;
	u32 place;
	bool own;

	if (!f)
		return NF_ACCEPT;
	s = scratch_of(TAP_NETFILTER);
	if (!s)
		return NF_ACCEPT;
	address = address_number(s, skb);
	slot = slot_find(address);
	/* everywhere but in OUTPUT a device has shown the packet before, or nobody follows it */
	if (!slot.state && hook != NF_INET_LOCAL_OUT)
		return NF_ACCEPT;
	if (!view_skb(skb, s, f))
		return NF_ACCEPT;
	netns = net->net_cookie;
	own = socket_net(skb) == net;
	dev = hook == NF_INET_LOCAL_OUT || hook == NF_INET_POST_ROUTING ? state->out : state->in;
	place = place_of(netns, 0, PLACE_NETFILTER | hook, s->view.ttl);
	if (hook == NF_INET_LOCAL_OUT) {
		identity = identify(slot.state, &s->view, netns, place, !s->view.tunnel);
		if (identity != IDENTITY_SAME && !is_followed(f, &s->view, netns)) {
			slot_release(&slot);
			return NF_ACCEPT;
		}
	} else {
		identity = IDENTITY_SAME;
		/* another packet than the one known at this address: the next device tells whether it is followed */
		if (!slot.state || !same_fingerprint(slot.state, &s->view))
			return NF_ACCEPT;
	}
	count = counters_of();
	if (!count)
		return NF_ACCEPT;
	event_begin(&s->event, TAP_NETFILTER);
	if (identity != IDENTITY_SAME)
		packet_begins(s, &slot, address, netns, count);
	if (!packet_seen(s, &slot, count))
		return NF_ACCEPT;
	event_in(&s->event, net);
	s->event.identity = identity;
	s->event.nf_hook = hook;
	s->event.nf_pf = state->pf;
	if (dev)
		event_at(&s->event, dev);
	if (own) /* whose socket, its device tells: Linux 6.12 has no bpf_get_current_comm() here */
		s->event.flags |= EVENT_OWN_SOCKET;
	count->seen[TAP_NETFILTER]++;
	emit_skb(s, skb, count);
	return NF_ACCEPT;
}

SEC("netfilter")
int netfilter_hook(struct bpf_nf_ctx *ctx)
{
	return at_hook(ctx->skb, ctx->state);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
