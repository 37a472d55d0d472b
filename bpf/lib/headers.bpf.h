/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * Reads the headers of an skb once and says what they are: addresses, tuple, and the fingerprint that tells a packet
 * from another one at the same sk_buff address.
 *
 * The fingerprint holds what no hop changes: innermost version, protocol, IPv4 id, fragment fields; TCP seq, ack and SYN/RST;
 * ICMP type, code, seq; ARP op and addresses. Not ports, ICMP ids, addresses, TTL, checksum (NAT and routing write them), not PSH
 * and FIN (they move between a super-packet and its segments). The first 8 payload bytes are kept apart: they are compared only
 * when both sights had them in the linear area. Nothing is read past the IP length: stale bytes lie there.
 */
#ifndef TRACER_HEADERS_BPF_H
#define TRACER_HEADERS_BPF_H

#include "maps.bpf.h"

#define ETH_P_IP   0x0800
#define ETH_P_ARP  0x0806
#define ETH_P_IPV6 0x86dd

#define PROTO_ICMP   1
#define PROTO_TCP    6
#define PROTO_UDP    17
#define PROTO_ICMPV6 58
#define PROTO_SCTP   132

#define DNS_BYTES    280
#define QUOTED_BYTES 56

/* A kernel pointer as a number to hash: the verifier allows no arithmetic on it until it has been through a map value. */
static __always_inline u64 address_number(struct scratch *s, const void *pointer)
{
	volatile u64 *through = &s->address;

	*through = (u64)pointer;
	return *through;
}

/* The socket that the skb belongs to, loaded once: the verifier wants the checked copy to be the used one. */
static __always_inline struct net *socket_net(struct sk_buff *skb)
{
	struct sock *sk = skb->sk;

	asm volatile("" : "+r"(sk));
	return sk ? sk->__sk_common.skc_net.net : NULL;
}

/* The device of an skb that may sit in a UDP socket's queue, which keeps other things in its place (skb->dev_scratch). */
static __always_inline struct net_device *device_of(struct sk_buff *skb, struct scratch *s)
{
	struct net_device *dev = skb->dev;

	if (address_number(s, dev) < 0xff00000000000000ULL) /* not a kernel address */
		return NULL;
	return dev;
}

/* The verifier needs to see the bound where the access is; the compiler would prove it away. */
static __always_inline u32 bounded(u32 off)
{
	asm volatile("%0 &= 255" : "+r"(off));
	return off;
}

static __always_inline u8 load8(const struct scratch *s, u32 off)
{
	return s->bytes[bounded(off)];
}

static __always_inline u16 load16(const struct scratch *s, u32 off)
{
	return *(const u16 *)(s->bytes + bounded(off));
}

static __always_inline u32 load32(const struct scratch *s, u32 off)
{
	return *(const u32 *)(s->bytes + bounded(off));
}

static __always_inline u64 load64(const struct scratch *s, u32 off)
{
	return *(const u64 *)(s->bytes + bounded(off));
}

static __always_inline struct address address4(u32 ip)
{
	struct address a = {.hi = 0, .lo = ((u64)ip << 32) | 0xffff0000ULL};

	return a;
}

static __always_inline struct address address6(const struct scratch *s, u32 off)
{
	struct address a = {.hi = load64(s, off), .lo = load64(s, off + 8)};

	return a;
}

/* Up to 8 payload bytes at `off`; 0 if they are not all there. A marker keeps "no bytes" apart from "not readable". */
static __always_inline u64 payload_bytes(const struct scratch *s, u32 off, u32 end, u32 rest)
{
	u64 bytes;

	if (rest == 0)
		return 1;
	if (rest > 8)
		rest = 8;
	if (off + rest > end)
		return 0;
	bytes = load64(s, off);
	if (rest < 8)
		bytes &= (1ULL << (rest * 8)) - 1;
	return mix64(bytes + rest) | 1;
}

/* The tuple inside an ICMP error: IP header and 8 bytes of the packet that caused it. */
static __always_inline u64 quoted_tuple(const struct scratch *s, u32 off, u32 end, bool v6)
{
	struct address src, dst;
	u16 a_port, b_port;
	u32 l4;
	u8 proto;

	if (v6) {
		if (off + 48 > end)
			return 0;
		src = address6(s, off + 8);
		dst = address6(s, off + 24);
		proto = load8(s, off + 6);
		l4 = off + 40;
	} else {
		l4 = off + (load8(s, off) & 15) * 4;
		if (l4 + 8 > end)
			return 0;
		src = address4(load32(s, off + 12));
		dst = address4(load32(s, off + 16));
		proto = load8(s, off + 9);
	}
	a_port = load16(s, l4);
	b_port = load16(s, l4 + 2);
	if (proto == PROTO_ICMP || proto == PROTO_ICMPV6)
		a_port = b_port = load16(s, l4 + 4);
	return tuple_key(src, a_port, dst, b_port, proto);
}

static __always_inline bool is_icmp_error(u8 proto, u8 type)
{
	if (proto == PROTO_ICMP)
		return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
	return type >= 1 && type <= 4;
}

static __always_inline void view_icmp(struct scratch *s, struct cursor *c, u64 h)
{
	struct view *v = &s->view;
	u8 type = load8(s, c->off);
	bool echo = v->proto == PROTO_ICMP ? (type == 0 || type == 8) : (type == 128 || type == 129);

	if (c->off + 8 > c->end)
		return;
	/* the id of an echo is its port: MASQUERADE --random-fully rewrites it (nf_nat_l4proto_unique_tuple()) */
	h = mix64(h ^ ((echo ? (u32)load16(s, c->off + 6) : load32(s, c->off + 4)) | (u64)load16(s, c->off) << 32));
	v->payload = payload_bytes(s, c->off + 8, c->end, c->rest > 8 ? c->rest - 8 : 0);
	if (is_icmp_error(v->proto, type)) {
		v->quoted = quoted_tuple(s, c->off + 8, c->end, v->version == 6);
		v->headers_len = c->off + 8 + QUOTED_BYTES;
	} else {
		v->headers_len = c->off + 8 + 24;
		if (echo)
			v->tuple = tuple_key(v->src, load16(s, c->off + 4), v->dst, load16(s, c->off + 4), v->proto);
	}
	v->fingerprint = h | 1;
}

/* SYN and FIN count as a byte each. */
static __always_inline u32 tcp_end(const struct scratch *s, const struct cursor *c)
{
	u8 flags = load8(s, c->off + 13);
	u32 header = (load8(s, c->off + 12) >> 4) * 4;

	return bpf_ntohl(load32(s, c->off + 4)) + (c->rest > header ? c->rest - header : 0) + (flags & 1) + (flags >> 1 & 1);
}

/* Everything behind the IP header of a first (or only) fragment. */
static __always_inline void view_transport(struct scratch *s, struct cursor *c, u64 h)
{
	struct view *v = &s->view;

	v->headers_len = c->off + 8;
	if (v->proto == PROTO_TCP && c->off + 14 <= c->end) {
		v->sport = load16(s, c->off);
		v->dport = load16(s, c->off + 2);
		h = mix64(h ^ load64(s, c->off + 4));
		h = mix64(h ^ (load8(s, c->off + 13) & 0x06));
		v->tcp_flags = load8(s, c->off + 13);
		v->seq = bpf_ntohl(load32(s, c->off + 4));
		v->end_seq = tcp_end(s, c);
		v->headers_len = c->off + 20;
	} else if ((v->proto == PROTO_UDP || v->proto == PROTO_SCTP) && c->off + 8 <= c->end) {
		v->sport = load16(s, c->off);
		v->dport = load16(s, c->off + 2);
		v->payload = payload_bytes(s, c->off + 8, c->end, c->rest > 8 ? c->rest - 8 : 0);
		v->headers_len = c->off + 16;
		if (v->sport == bpf_htons(53) || v->dport == bpf_htons(53))
			v->headers_len = c->off + 8 + DNS_BYTES;
	} else if (v->proto == PROTO_ICMP || v->proto == PROTO_ICMPV6) {
		view_icmp(s, c, h);
		return;
	} else {
		v->payload = payload_bytes(s, c->off, c->end, c->rest);
		v->fingerprint = h | 1;
		return;
	}
	v->tuple = tuple_key(v->src, v->sport, v->dst, v->dport, v->proto);
	v->fingerprint = h | 1;
}

static __always_inline bool view_ip4(struct scratch *s, struct cursor *c)
{
	struct view *v = &s->view;
	u32 header = (load8(s, c->off) & 15) * 4;
	u32 total = bpf_ntohs(load16(s, c->off + 2));
	u16 frag;
	u64 h;

	if (c->off + 20 > c->end || (load8(s, c->off) >> 4) != 4 || header < 20)
		return false;
	frag = bpf_ntohs(load16(s, c->off + 6));
	v->version = 4;
	v->proto = load8(s, c->off + 9);
	v->ttl = load8(s, c->off + 8);
	v->src = address4(load32(s, c->off + 12));
	v->dst = address4(load32(s, c->off + 16));
	h = mix64(HASH_SEED ^ 4 ^ (u64)v->proto << 8 ^ (u64)load16(s, c->off + 4) << 16 ^ (u64)(frag & 0x3fff) << 32);
	if (frag & 0x3fff)
		v->fragment = tuple_key(v->src, load16(s, c->off + 4), v->dst, load16(s, c->off + 4), 255);
	c->off += header;
	c->rest = total > header ? total - header : 0;
	if (total == 0) /* a super-packet longer than 64 KiB (BIG TCP) says 0 */
		c->rest = 65535;
	else if (c->end > c->off + c->rest)
		c->end = c->off + c->rest;
	if (frag & 0x1fff) {
		v->payload = payload_bytes(s, c->off, c->end, c->rest);
		v->headers_len = c->off + 8;
		v->fingerprint = h | 1;
		return false;
	}
	view_transport(s, c, h);
	return v->proto == PROTO_UDP && !(frag & 0x3fff);
}

static __always_inline bool view_ip6(struct scratch *s, struct cursor *c)
{
	struct view *v = &s->view;
	u32 payload = bpf_ntohs(load16(s, c->off + 4));
	u32 offset = 0, more = 0, id = 0;
	u8 next = load8(s, c->off + 6);
	u64 h;

	if (c->off + 40 > c->end || (load8(s, c->off) >> 4) != 6)
		return false;
	v->version = 6;
	v->ttl = load8(s, c->off + 7);
	v->src = address6(s, c->off + 8);
	v->dst = address6(s, c->off + 24);
	c->off += 40;
	c->rest = payload ? payload : 65535;
	if (payload && c->end > c->off + payload)
		c->end = c->off + payload;
#pragma unroll
	for (int i = 0; i < 4; i++) {
		u32 len;

		if (c->off + 8 > c->end)
			break;
		if (next == 44) {
			u16 field = bpf_ntohs(load16(s, c->off + 2));

			offset = field & 0xfff8;
			more = field & 1;
			id = load32(s, c->off + 4);
			len = 8;
		} else if (next == 0 || next == 43 || next == 60) {
			len = (load8(s, c->off + 1) + 1) * 8;
		} else {
			break;
		}
		next = load8(s, c->off);
		c->off += len;
		c->rest = c->rest > len ? c->rest - len : 0;
		if (offset)
			break;
	}
	v->proto = next;
	h = mix64(HASH_SEED ^ 6 ^ (u64)next << 8 ^ (u64)id << 16 ^ (u64)(offset | more) << 48);
	if (offset | more)
		v->fragment = tuple_key(v->src, id, v->dst, id >> 16, 254);
	if (offset) {
		v->payload = payload_bytes(s, c->off, c->end, c->rest);
		v->headers_len = c->off + 8;
		v->fingerprint = h | 1;
		return false;
	}
	view_transport(s, c, h);
	return v->proto == PROTO_UDP && !more;
}

static __always_inline void view_arp(struct scratch *s, struct cursor *c)
{
	struct view *v = &s->view;

	if (c->off + 28 > c->end)
		return;
	v->version = 1;
	v->src = address4(load32(s, c->off + 14));
	v->dst = address4(load32(s, c->off + 24));
	v->headers_len = c->off + 28;
	v->fingerprint = mix64(mix64(HASH_SEED ^ 1 ^ (u64)load16(s, c->off + 6) << 8 ^ v->src.lo) ^ v->dst.lo) | 1;
}

/*
 * One layer of addresses and what is behind it, at s->cursor. 1: a UDP datagram, which may be a tunnel's.
 * A function of its own to the verifier, which would else walk every way through it twice for each tap.
 */
__weak __noinline int view_l3(struct scratch *s, u32 protocol)
{
	struct cursor c;
	bool udp = false;

	if (!s)
		return 0;
	c = s->cursor;
	if (protocol == ETH_P_IP)
		udp = view_ip4(s, &c);
	else if (protocol == ETH_P_IPV6)
		udp = view_ip6(s, &c);
	else if (protocol == ETH_P_ARP)
		view_arp(s, &c);
	s->cursor = c;
	return udp;
}

static __always_inline bool is_tunnel_port(const struct filter *f, u16 port)
{
	return port && (port == f->tunnel_ports[0] || port == f->tunnel_ports[1] || port == f->tunnel_ports[2] ||
			port == f->tunnel_ports[3]);
}

/*
 * Copies the headers to s->bytes, up to s->cursor.end. False: not a packet that can be followed (no network header yet,
 * another protocol).
 */
static __always_inline bool read_headers(struct sk_buff *skb, struct scratch *s)
{
	u16 network = skb->network_header;
	u16 protocol = bpf_ntohs(skb->protocol);
	u32 size = skb->tail - network;

	if (protocol != ETH_P_IP && protocol != ETH_P_IPV6 && protocol != ETH_P_ARP)
		return false;
	if (network == 0xffff || skb->tail <= network)
		return false;
	if (size > BYTES_READ)
		size = BYTES_READ;
	asm volatile("" : "+r"(size));
	if (size > BYTES_READ || bpf_probe_read_kernel(s->bytes, size, skb->head + network))
		return false;
	s->cursor.end = size;
	return true;
}

/* Fills s->view from what has been read. False: not understood. */
static __always_inline bool view_headers(struct sk_buff *skb, struct scratch *s, const struct filter *f)
{
	struct view *v = &s->view;
	u32 inner;

	__builtin_memset(v, 0, sizeof(*v));
	s->cursor.off = 0;
	if (!view_l3(s, bpf_ntohs(skb->protocol)) || !is_tunnel_port(f, v->dport))
		return v->fingerprint != 0;
	inner = s->cursor.off + 8 + 8 + 14; /* UDP, VXLAN, Ethernet */
	if (inner + 20 > s->cursor.end)
		return true;
	v->outer_src = v->src;
	v->outer_dst = v->dst;
	v->tunnel = 1;
	v->tuple = v->fragment = v->payload = 0;
	v->sport = v->dport = 0;
	s->cursor.off = inner;
	view_l3(s, bpf_ntohs(load16(s, inner - 2)));
	return v->fingerprint != 0;
}

static __always_inline bool view_skb(struct sk_buff *skb, struct scratch *s, const struct filter *f)
{
	return read_headers(skb, s) && view_headers(skb, s, f);
}

#endif
