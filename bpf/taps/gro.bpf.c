// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A packet that GRO merges into another one vanishes without any other trace: its sk_buff is freed by no traced function.
 * The entry tells which packet goes in on this CPU, the exit what became of it.
 */
#include "../lib/emit.bpf.h"

enum gro_result {
	GRO_MERGED,
	GRO_MERGED_FREE,
};

SEC("tp_btf/napi_gro_receive_entry")
int BPF_PROG(napi_gro_receive_entry, struct sk_buff *skb)
{
	struct counters *count;
	struct scratch *s;
	struct slot slot;

	if (!filter_current())
		return 0;
	s = scratch_of(TAP_GRO_ENTRY);
	if (!s)
		return 0;
	slot = slot_find(address_number(s, skb));
	count = slot.state ? counters_of() : NULL;
	if (!count)
		return 0;
	count->gro_packet = slot.state->packet;
	count->gro_skb = address_number(s, skb);
	return 0;
}

SEC("tp_btf/napi_gro_receive_exit")
int BPF_PROG(napi_gro_receive_exit, int result)
{
	struct counters *count = counters_of();
	struct scratch *s;
	struct slot slot;

	if (!count || !count->gro_packet)
		return 0;
	s = scratch_of(TAP_GRO_EXIT);
	if (!s)
		return 0;
	if (result == bpf_core_enum_value(enum gro_result, GRO_MERGED) ||
	    result == bpf_core_enum_value(enum gro_result, GRO_MERGED_FREE)) {
		event_begin(&s->event, TAP_GRO_EXIT);
		s->event.packet = count->gro_packet;
		s->event.skb = count->gro_skb;
		s->event.reason = result;
		count->seen[TAP_GRO_EXIT]++;
		event_submit(s, 0, count);
		slot = slot_find(count->gro_skb);
		slot_release(&slot);
	}
	count->gro_packet = 0;
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
