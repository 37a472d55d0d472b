/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef TRACER_COUNTERS_H
#define TRACER_COUNTERS_H

#include "../record.h"

#define SENT_BUCKETS 16
#define SENT_WAYS    4

/* The followed packet that a socket sent last on this CPU. At the end of a transmission the softirq may receive it and answer. */
struct sent {
	__u64 sk;
	__u64 packet;
	__u64 skb;
};

/* Per CPU; each only ever grows. The collector reports differences. */
struct counters {
	__u64 next_packet;
	__u64 learned;
	__u64 learned_evicted;
	__u64 own;                /* events of this program's own sockets and of those it is told not to look at */
	__u64 left_out;           /* events left out because the reader could not keep up */
	__u64 state_evicted;      /* state of a packet that was still young */
	__u64 segments_until_ns;  /* a followed super-packet ended here: its segments may follow until then */
	__u64 gro_packet;         /* followed packet in napi_gro_receive() on this CPU; 0 = none */
	__u64 gro_skb;
	struct sent sent[SENT_BUCKETS][SENT_WAYS];
	__u64 sent_next;          /* way that a new socket takes in its bucket: both ends of a conversation may share one */
	/* the followed packet that this CPU received last, until a socket has it; 0 = none */
	__u64 received_packet;
	__u64 received_skb;
	__u64 received_netns;
	__u32 received_ports;     /* source, destination as in memory; 0 = not TCP */
	__u32 received_end_seq;   /* TCP: the sequence number behind it */
	__u64 is_backlogged;      /* 1: user space has been woken for the backlog that there is */
	__u64 seen[TAP_MAX];
	__u64 lost[TAP_MAX];
	__u64 lost_ns[TAP_MAX];   /* time of the last loss */
};

#endif
