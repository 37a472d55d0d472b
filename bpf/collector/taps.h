/* SPDX-License-Identifier: MIT */
#ifndef TRACER_TAPS_H
#define TRACER_TAPS_H

#include <stdbool.h>

#include "../lib/filter.h"

struct btf;
struct tracer_bpf;

struct taps_options {
	unsigned int ring_bytes;  /* power of two, at least one page */
	int without_fingerprint;  /* for the mutation test only */
	int without_birth;
	int without_sampling;
	int location_by_stack;    /* of consume_skb, also where the tracepoint tells it; for tests only */
};

/* Loads and attaches what this kernel offers. NULL: nothing could be loaded; the reason has been written to stderr. */
struct tracer_bpf *taps_open(const struct taps_options *options);
void taps_close(struct tracer_bpf *bpf);

/* `"taps":[{name, mechanism, state, reason?}]` for the hello frame; the caller frees it. */
char *taps_json(void);

/* Why BPF netfilter links are not to be used on this kernel; NULL: they may be. */
const char *netfilter_links_lack(const struct btf *kernel);

int taps_ring(const struct tracer_bpf *bpf);

/* Makes `filter` the one in force. */
void taps_filter(struct tracer_bpf *bpf, const struct filter *filter);

/* The tuples of packets that were followed: what is only followed by them is not any more. */
void taps_forget(struct tracer_bpf *bpf);

/*
 * Takes off the taps that tell only what becomes of packets followed already, or puts them back: within a millisecond of the first
 * followed packet.
 */
void taps_rest(struct tracer_bpf *bpf, bool rest);

/* The next record wakes the reader: it is about to wait for longer than it drains. */
void taps_reader_sleeps(struct tracer_bpf *bpf, bool sleeps);

/* Emits a loss frame for everything lost since the last call, and every second the counters as a stats frame. */
void taps_losses(struct tracer_bpf *bpf, __u64 now_ns, int last);

#endif
