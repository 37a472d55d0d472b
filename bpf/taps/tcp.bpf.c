// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * What a socket knows of a packet that it sent or got, and headers do not say: that it is sent once more, why a connection is reset,
 * that its data waits for the process. All three name a socket; the packet is the one that this CPU sent or received last, if the
 * socket agrees.
 */
#include "../lib/sighting.bpf.h"

#define AF_INET  2
#define AF_INET6 10

const volatile __u32 retransmit_tells_error = 0; /* this kernel's tracepoint has an argument for it */

/* `sk` as a number everywhere: some kernels say that it may be NULL, and a number is read through with care. */
static __always_inline u64 netns_cookie_of(u64 number)
{
	struct sock *sk = (void *)number;

	return BPF_CORE_READ(sk, __sk_common.skc_net.net, net_cookie);
}

/* About a packet whose sk_buff may not be read any more: no headers, they are those of the event before. */
static __always_inline int tell(u64 number, u64 packet, u64 address, u32 reason, u32 tap, struct counters *count)
{
	struct scratch *s = scratch_of(tap);
	struct sock *sk = (void *)number;
	struct event *e;

	if (!s)
		return 0;
	e = &s->event;
	event_begin(e, tap);
	e->packet = packet;
	e->skb = address;
	e->sk = number;
	e->reason = reason;
	e->netns = netns_cookie_of(number);
	e->netns_inode = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	e->flags |= EVENT_OWN_SOCKET;
	count->seen[tap & (TAP_MAX - 1)]++;
	event_submit(s, 0, count);
	return 0;
}

/* About what this socket sent last. */
static __always_inline int tell_of_sent(u64 number, u32 reason, u32 tap)
{
	struct counters *count = counters_of();
	struct sent *sent;

	if (!count || !filter_current())
		return 0;
	sent = sent_by(count, number);
	return sent ? tell(number, sent->packet, sent->skb, reason, tap, count) : 0;
}

/*
 * Fires when a clone of the original `skb`, which stays with the socket, has been queued (__tcp_retransmit_skb()). Newer kernels
 * (6.18, not 6.1) also say when it could not be, with the error: then what this CPU sent last is something else.
 */
SEC("tp_btf/tcp_retransmit_skb")
int tcp_retransmit_skb(u64 *ctx)
{
	if (retransmit_tells_error && (int)ctx[2])
		return 0;
	return tell_of_sent(sk_number((void *)ctx[0]), 0, TAP_TCP_RETRANSMIT);
}

/* The packet that this answers is still what it was when a device showed it, but for its device. */
static __always_inline int answered_by_reset(struct sk_buff *skb, u32 reason)
{
	struct filter *f = filter_current();
	struct scratch *s = scratch_of(TAP_TCP_RESET);
	struct counters *count = counters_of();
	struct net_device *dev;
	struct slot slot;
	struct net *net;

	if (!f || !s || !count)
		return 0;
	slot = slot_find(address_number(s, skb));
	if (!slot.state || !view_skb(skb, s, f) || !same_fingerprint(slot.state, &s->view))
		return 0;
	event_begin(&s->event, TAP_TCP_RESET);
	if (!packet_seen(s, &slot, count))
		return 0;
	s->event.reason = reason;
	dev = device_of(skb, s);
	net = socket_net(skb);
	if (dev)
		event_in(&s->event, dev->nd_net.net);
	else if (net)
		event_in(&s->event, net);
	count->seen[TAP_TCP_RESET]++;
	emit_skb(s, skb, count);
	return 0;
}

/*
 * `skb` is what is answered: tcp_v4_send_reset(), before the RST is made. NULL: the socket itself gives up, tcp_send_active_reset(),
 * and the RST has been sent. Whether it may be NULL the kernel's types say only since 6.14, so the verifier must not believe them.
 */
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(tcp_send_reset, struct sock *sk, struct sk_buff *skb, u32 reason)
{
	struct scratch *s = scratch_of(TAP_TCP_RESET);

	if (!s)
		return 0;
	if (address_number(s, skb))
		return skb ? answered_by_reset(skb, reason) : 0;
	return tell_of_sent(sk_number(sk), reason, TAP_TCP_RESET);
}

/*
 * The socket has taken this packet and no later one: TCP by what it expects next (the sk_buff may have been merged into the one before
 * and be gone: tcp_queue_rcv()), others by the end of their queue. A packet that had to wait for a process that held the socket is told
 * only if no other came to this CPU meanwhile.
 */
static __always_inline bool has_taken(u64 number, const struct counters *count)
{
	struct sock *sk = (void *)number;
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	u32 ports;

	if ((family != AF_INET && family != AF_INET6) || netns_cookie_of(number) != count->received_netns)
		return false;
	if (!count->received_ports)
		return (u64)BPF_CORE_READ(sk, sk_receive_queue.prev) == count->received_skb;
	ports = (u32)BPF_CORE_READ(sk, __sk_common.skc_dport) << 16 | bpf_htons(BPF_CORE_READ(sk, __sk_common.skc_num));
	if (ports != count->received_ports || BPF_CORE_READ(sk, sk_protocol) != PROTO_TCP)
		return false;
	return BPF_CORE_READ((struct tcp_sock *)sk, rcv_nxt) == count->received_end_seq;
}

SEC("tp_btf/sk_data_ready")
int BPF_PROG(sk_data_ready, struct sock *sk)
{
	struct counters *count = counters_of();
	u64 packet;

	if (!count || !count->received_packet || !filter_current() || !has_taken(sk_number(sk), count))
		return 0;
	socket_receives(sk_number(sk), bpf_ktime_get_ns());
	packet = count->received_packet;
	count->received_packet = 0;
	return tell(sk_number(sk), packet, count->received_skb, 0, TAP_DATA_READY, count);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
