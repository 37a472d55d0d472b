/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * Writes one event to the ring: the fixed part, the conntrack entry if the skb has one, the headers.
 */
#ifndef TRACER_EMIT_BPF_H
#define TRACER_EMIT_BPF_H

#include "filter.bpf.h"
#include "identity.bpf.h"
#include "marks.bpf.h"

#define CTINFO_MASK     7UL

/* Set by the collector before it waits for long; cleared by the first record, which wakes it. */
__weak volatile __u32 reader_sleeps = 0;

static __always_inline struct address address_of(const union nf_inet_addr *a, u8 l3num)
{
	struct address v6 = {.hi = a->all[0] | (u64)a->all[1] << 32, .lo = a->all[2] | (u64)a->all[3] << 32};

	return l3num == 2 ? address4(a->all[0]) : v6;
}

static __always_inline void fill_tuple(const struct nf_conntrack_tuple *t, u8 l3num, u8 *src, u8 *dst, u16 *sport,
				       u16 *dport)
{
	*(struct address *)src = address_of(&t->src.u3, l3num);
	*(struct address *)dst = address_of(&t->dst.u3, l3num);
	*sport = t->src.u.all;
	*dport = t->dst.u.all;
}

static __always_inline u64 ct_tuple_key(const struct event_ct *ct, bool reply)
{
	struct address src = *(const struct address *)(reply ? ct->reply_src : ct->orig_src);
	struct address dst = *(const struct address *)(reply ? ct->reply_dst : ct->orig_dst);
	u16 sport = reply ? ct->reply_sport : ct->orig_sport;
	u16 dport = reply ? ct->reply_dport : ct->orig_dport;

	/* ICMP: the id stands in the source port's place, type and code in the other's */
	if (ct->proto == PROTO_ICMP || ct->proto == PROTO_ICMPV6)
		dport = sport;
	return tuple_key(src, sport, dst, dport, ct->proto);
}

/* Reads through `skb->_nfct`, which may be in a module: nothing here if this kernel's BTF does not know nf_conn. */
static __always_inline void fill_ct(struct event *e, struct event_ct *out, unsigned long nfct)
{
	struct nf_conn *ct = (void *)(nfct & ~CTINFO_MASK);
	struct nf_conntrack_tuple t;

	if (!ct || !bpf_core_type_exists(struct nf_conn))
		return;
	__builtin_memset(out, 0, sizeof(*out));
	if (bpf_core_read(&t, sizeof(t), &ct->tuplehash[0].tuple))
		return;
	out->l3num = t.src.l3num;
	out->proto = t.dst.protonum;
	fill_tuple(&t, out->l3num, out->orig_src, out->orig_dst, &out->orig_sport, &out->orig_dport);
	if (bpf_core_read(&t, sizeof(t), &ct->tuplehash[1].tuple))
		return;
	fill_tuple(&t, out->l3num, out->reply_src, out->reply_dst, &out->reply_sport, &out->reply_dport);
	out->status = BPF_CORE_READ(ct, status);
	out->mark = bpf_core_field_exists(ct->mark) ? BPF_CORE_READ(ct, mark) : 0;
	out->zone = bpf_core_field_exists(ct->zone) ? BPF_CORE_READ(ct, zone.id) : 0;
	out->ctinfo = nfct & CTINFO_MASK;
	e->ct = (u64)ct;
	e->flags |= EVENT_HAS_CT;
}

static __always_inline u8 pkt_type_of(struct sk_buff *skb)
{
	u8 bits = 0;

	bpf_probe_read_kernel(&bits, 1, (void *)skb + bpf_core_field_offset(struct sk_buff, __pkt_type_offset));
	return bits & 7;
}

static __always_inline void fill_skb(struct event *e, struct sk_buff *skb, struct scratch *s)
{
	struct skb_shared_info *shared = (void *)(skb->head + skb->end);
	u16 mac = skb->mac_header, network = skb->network_header;
	e->skb = (u64)skb;
	e->head = (u64)skb->head;
	e->sk = (u64)skb->sk;
	e->flags |= skb->_skb_refdst ? EVENT_ROUTED : 0;
	e->skb_len = skb->len + (u32)(address_number(s, skb->data) - address_number(s, skb->head)) - network;
	e->mark = skb->mark;
	e->iif = skb->skb_iif;
	e->protocol = bpf_ntohs(skb->protocol);
	e->vlan_tci = skb->vlan_tci;
	e->pkt_type = pkt_type_of(skb);
	bpf_core_read(&e->gso_size, sizeof(e->gso_size), &shared->gso_size);
	bpf_core_read(&e->gso_segs, sizeof(e->gso_segs), &shared->gso_segs);
	e->network_offset = mac != 0xffff && network - mac == 14 ? 14 : 0;
}

/* Appends the headers behind `used` bytes of the tail; returns the bytes used now. */
static __always_inline u32 fill_headers(struct event *e, struct sk_buff *skb, struct scratch *s, u32 used)
{
	u32 start = skb->network_header - e->network_offset;
	u32 there = skb->tail - start;
	u32 want = s->view.headers_len + e->network_offset;

	if (want > there)
		want = there;
	if (want > HEADERS_MAX)
		want = HEADERS_MAX;
	if (used > sizeof(struct event_ct))
		return used;
	asm volatile("" : "+r"(want));
	if (want > HEADERS_MAX || bpf_probe_read_kernel(s->tail + used, want, skb->head + start))
		return used;
	e->flags |= EVENT_HAS_HEADERS;
	e->headers_len = want;
	return used + ((want + 7) & ~7U);
}

static __always_inline void event_begin(struct event *e, u32 tap)
{
	__builtin_memset(e, 0, sizeof(*e));
	e->time_ns = bpf_ktime_get_ns();
	e->frame.type = FRAME_EVENT;
	e->tap = tap;
	e->cpu = bpf_get_smp_processor_id();
}

/*
 * Wakes user space with the first record after a pause, and when a backlog begins, once on each CPU: a wake-up is an interrupt
 * that the CPU sends to itself, and one a record, while the reader lags, would cost the traffic ten times what the records
 * do. The reader polls besides, as long as there is something.
 */
static __always_inline u64 wakeup_flags(struct counters *count)
{
	bool is_backlogged = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > wakeup_bytes;
	bool begins = is_backlogged && !count->is_backlogged;

	count->is_backlogged = is_backlogged;
	if (reader_sleeps) {
		reader_sleeps = 0;
		return BPF_RB_FORCE_WAKEUP;
	}
	return begins ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

static __always_inline void event_submit(struct scratch *s, u32 tail, struct counters *count)
{
	struct event *e = &s->event;
	u32 len = sizeof(*e) + tail;

	if (len > sizeof(*e) + sizeof(s->tail))
		return;
	e->frame.len = len;
	if (bpf_ringbuf_output(&ring, e, len, wakeup_flags(count))) {
		u32 tap = e->tap & (TAP_MAX - 1);

		count->lost[tap]++;
		count->lost_ns[tap] = e->time_ns;
	}
}

/* Teaches the tuples of a followed packet, so that its replies and what becomes of it behind NAT are followed too. */
static __always_inline void teach(const struct scratch *s, const struct event *e)
{
	const struct event_ct *ct = (const struct event_ct *)s->tail;

	mark_learned(s->view.src);
	mark_learned(s->view.dst);
	learn(s->view.tuple);
	learn(s->view.fragment);
	/* the entry of a tunnel's outer packet belongs to all that goes through the tunnel */
	if (!(e->flags & EVENT_HAS_CT) || s->view.tunnel)
		return;
	mark_learned(*(const struct address *)ct->orig_src);
	mark_learned(*(const struct address *)ct->orig_dst);
	mark_learned(*(const struct address *)ct->reply_src);
	mark_learned(*(const struct address *)ct->reply_dst);
	learn(ct_tuple_key(ct, false));
	learn(ct_tuple_key(ct, true));
}

/* The common end of every tap that has an skb: event fields, conntrack, headers, teaching, submit. */
static __always_inline void emit_skb(struct scratch *s, struct sk_buff *skb, struct counters *count)
{
	struct event *e = &s->event;
	u32 used = 0;

	fill_skb(e, skb, s);
	fill_ct(e, (struct event_ct *)s->tail, skb->_nfct);
	if (e->flags & EVENT_HAS_CT)
		used = sizeof(struct event_ct);
	teach(s, e);
	used = fill_headers(e, skb, s, used);
	event_submit(s, used, count);
}

#endif
