/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef TRACER_COUNTERS_H
#define TRACER_COUNTERS_H

#include "../record.h"

/* Per CPU; each only ever grows. The collector reports differences. */
struct counters {
	__u64 next_packet;
	__u64 learned;
	__u64 learned_evicted;
	__u64 state_evicted;      /* state of a packet that was still young */
	__u64 segments_until_ns;  /* a followed super-packet ended here: its segments may follow until then */
	__u64 gro_packet;         /* followed packet in napi_gro_receive() on this CPU; 0 = none */
	__u64 gro_skb;
	__u64 is_backlogged;      /* 1: user space has been woken for the backlog that there is */
	__u64 seen[TAP_MAX];
	__u64 lost[TAP_MAX];
	__u64 lost_ns[TAP_MAX];   /* time of the last loss */
};

#endif
