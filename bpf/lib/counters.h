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
	__u64 seen[TAP_MAX];
	__u64 lost[TAP_MAX];
	__u64 lost_ns[TAP_MAX];   /* time of the last loss */
};

#endif
