/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * Can anybody follow this packet at all? A few loads from tables that stay in the cache, before anything is hashed or parsed:
 * nearly every packet of a busy host ends here, at every device on its way.
 *
 * The answer "no" is certain. A packet is followed by its addresses (both ends on opposite sides of a rule), by a
 * learned tuple (then both its addresses were marked), or by its sk_buff (the caller looks for that one). What is read here in a
 * hurry but may be more than it seems is let pass: fragments, extension headers, ICMP (which may quote a followed packet), ARP.
 */
#ifndef TRACER_MARKS_BPF_H
#define TRACER_MARKS_BPF_H

#include "headers.bpf.h"

/* Linux 6.2; set by the collector. */
__weak const volatile bool has_rdonly_cast = false;

extern void *bpf_rdonly_cast(const void *pointer, u32 type) __ksym __weak;

/* What the innermost network header says of the two ends. */
struct ends {
	struct address src, dst;
	u32 l4;     /* offset of what follows the header */
	u8 proto;
	u8 unclear; /* more than these fields would be needed */
};

/* Writes only what changes: the table is read on all CPUs. */
static __always_inline void mark_learned(struct address address)
{
	u8 *mark = &learned_marks.of[address_mark(address) & (MARKS - 1)];

	if (!*mark)
		*mark = 1;
}

static __always_inline struct ends ends_at(const struct scratch *s, u32 off, u16 protocol)
{
	struct ends ends = {};

	if (protocol == ETH_P_IP) {
		ends.src = address4(load32(s, off + 12));
		ends.dst = address4(load32(s, off + 16));
		ends.l4 = off + (load8(s, off) & 15) * 4;
		ends.proto = load8(s, off + 9);
		ends.unclear = (load16(s, off + 6) & bpf_htons(0x3fff)) != 0;
	} else {
		ends.src = address6(s, off + 8);
		ends.dst = address6(s, off + 24);
		ends.l4 = off + 40;
		ends.proto = load8(s, off + 6);
		ends.unclear = ends.proto == 0 || ends.proto == 43 || ends.proto == 44 || ends.proto == 60;
	}
	if (protocol != ETH_P_IP && protocol != ETH_P_IPV6)
		ends.unclear = 1;
	if (ends.proto == PROTO_ICMP || ends.proto == PROTO_ICMPV6 || ends.l4 + 4 > s->cursor.end)
		ends.unclear = 1;
	return ends;
}

static __always_inline u32 prefix_marks(const struct filter *f, struct address address)
{
	u32 count = f->prefix_count, marks = 0;

	for (u32 i = 0; i < FILTER_PREFIXES; i++) {
		const struct filter_prefix *p = &f->prefixes[i];

		if (i >= count)
			break;
		if ((address.hi & p->mask.hi) == p->address.hi && (address.lo & p->mask.lo) == p->address.lo)
			marks |= (p->a ? MARK_A : 0) | (p->b ? MARK_B : 0);
	}
	return marks;
}

static __always_inline bool marks_allow(struct sk_buff *skb, const struct filter *f, struct address from,
					struct address to)
{
	u32 src_at, dst_at = address_mark(to) & (MARKS - 1);
	u32 src, dst = f->marks[dst_at] | f->any_marks;

	/* without more than addresses to go by, both have to be marked */
	if (!dst && f->by_address && !learned_marks.of[dst_at])
		return false;
	src_at = address_mark(from) & (MARKS - 1);
	src = f->marks[src_at] | f->any_marks;
	if (f->has_netns) {
		struct net *net = skb->dev->nd_net.net;
		u32 place = f->marks[netns_mark(net->net_cookie) & (MARKS - 1)];

		src |= place;
		dst |= place;
	}
	if (f->prefix_count) {
		src |= prefix_marks(f, from);
		dst |= prefix_marks(f, to);
	}
	if ((src & MARK_A && dst & MARK_B) || (src & MARK_B && dst & MARK_A))
		return true;
	return learned_marks.of[src_at] && learned_marks.of[dst_at];
}

/* The header at a kernel address, read by plain loads: a copy, by bpf_probe_read_kernel(), costs several times as much. */
#define header_at(type, address)                                                                                      \
	((const struct type *)bpf_rdonly_cast((const void *)(address), bpf_core_type_id_kernel(struct type)))

/* Certainly nobody's, told before anything is copied? Only plain IPv4 is looked at, in a VXLAN tunnel or not. */
static __always_inline bool is_stranger(struct sk_buff *skb, const struct filter *f)
{
	u32 network = skb->network_header, there = skb->tail - network, l4;
	const unsigned char *start = skb->head + network;
	const struct iphdr *ip;

	if (!has_rdonly_cast || f->all || skb->protocol != bpf_htons(ETH_P_IP) || network == 0xffff ||
	    there < sizeof(*ip) + 8 || there > 0xffff)
		return false;
	ip = header_at(iphdr, start);
	l4 = (ip->version_ihl & 15) * 4;
	if (ip->protocol == PROTO_UDP && is_tunnel_port(f, header_at(udphdr, start + l4)->dest)) {
		const unsigned char *inner = start + l4 + 8 + 8;

		if (ip->frag_off & bpf_htons(0x3fff) || there < l4 + 8 + 8 + 14 + sizeof(*ip) + 8 ||
		    header_at(ethhdr, inner)->h_proto != bpf_htons(ETH_P_IP))
			return false;
		ip = header_at(iphdr, inner + 14);
	}
	if (ip->protocol == PROTO_ICMP || ip->frag_off & bpf_htons(0x3fff))
		return false;
	return !marks_allow(skb, f, address4(ip->saddr), address4(ip->daddr));
}

/* After read_headers(). */
static __always_inline bool may_be_followed(struct sk_buff *skb, const struct scratch *s, const struct filter *f)
{
	struct ends ends;

	if (f->all)
		return true;
	ends = ends_at(s, 0, bpf_ntohs(skb->protocol));
	if (!ends.unclear && ends.proto == PROTO_UDP && is_tunnel_port(f, load16(s, ends.l4 + 2)))
		ends = ends_at(s, ends.l4 + 8 + 8 + 14, bpf_ntohs(load16(s, ends.l4 + 8 + 8 + 12)));
	return ends.unclear || marks_allow(skb, f, ends.src, ends.dst);
}

#endif
