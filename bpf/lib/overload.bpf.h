/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * What gives way when the reader cannot keep up, so that the ring does not lose what matters.
 *
 * From a half full ring on, packets of conversations of which the first have been shown are sampled; from seven eighths on, new
 * conversations wait as well. Never left out: the first packets of a conversation, SYN, FIN and RST, what is sent again, ICMP errors,
 * ARP, fragments, and whatever is dropped. Who is left out is decided once, where the packet is first seen, by what no hop changes of it,
 * so that its copies share its fate; TCP data by the mebibyte, so that segments share that of the super-packet.
 *
 * What it cannot do: a conversation that shares its place in the table with another one is taken for a new one, and more of it is shown.
 */
#ifndef TRACER_OVERLOAD_BPF_H
#define TRACER_OVERLOAD_BPF_H

#include "maps.bpf.h"

#define SHOWN_FIRST  20
#define SEEN_FLOWS   8192
#define TCP_FIN_SYN_RST 0x07
#define BLOCK_BITS   20

/* One direction of a conversation. */
struct seen_flow {
	u32 tag;
	u32 packets;
	u32 end_seq; /* TCP: behind the last byte sent so far */
	u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEEN_FLOWS);
	__type(key, u32);
	__type(value, struct seen_flow);
} seen_flows SEC(".maps") __weak;

__weak const volatile __u32 may_leave_out = 1; /* switched off only by tests of what the ring loses */

enum pressure {
	PRESSURE_NONE,
	PRESSURE_SOME,   /* 1 of 4 is shown */
	PRESSURE_HIGH,   /* 1 of 16 */
	PRESSURE_SEVERE, /* 1 of 64, and nothing new */
};

/* The ring has four times `wakeup_bytes`. */
static __always_inline enum pressure pressure(void)
{
	u64 held = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) * 2;

	if (held < 4 * wakeup_bytes || !may_leave_out)
		return PRESSURE_NONE;
	if (held < 6 * wakeup_bytes)
		return PRESSURE_SOME;
	return held < 7 * wakeup_bytes ? PRESSURE_HIGH : PRESSURE_SEVERE;
}

static __always_inline bool is_in_sample(const struct view *v, enum pressure pressure)
{
	bool is_data = v->proto == PROTO_TCP && v->end_seq != v->seq;
	u64 of = is_data ? mix64(HASH_SEED ^ v->end_seq >> BLOCK_BITS) : v->fingerprint >> 1;

	return !(of & ((1U << 2 * pressure) - 1));
}

/* Of a packet that is seen for the first time: is it left out? */
static __always_inline bool gives_way(const struct view *v)
{
	u64 key = mix64(v->tuple ^ mix64(v->src.lo ^ v->sport));
	u32 index = key & (SEEN_FLOWS - 1), tag = key >> 32 | 1;
	enum pressure level = pressure();
	struct seen_flow *flow = bpf_map_lookup_elem(&seen_flows, &index);
	bool is_again = false;

	if (!flow || !v->tuple)
		return false;
	if (flow->tag != tag) {
		if (level == PRESSURE_SEVERE)
			return true;
		flow->tag = tag;
		flow->packets = 0;
		flow->end_seq = v->end_seq - 1;
	}
	if (v->proto == PROTO_TCP) {
		is_again = v->end_seq != v->seq && (__s32)(v->end_seq - flow->end_seq) <= 0;
		if (!is_again)
			flow->end_seq = v->end_seq;
	}
	flow->packets++;
	if (level == PRESSURE_NONE || flow->packets <= SHOWN_FIRST || is_again || v->tcp_flags & TCP_FIN_SYN_RST)
		return false;
	return !is_in_sample(v, level);
}

#endif
