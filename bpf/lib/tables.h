/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * Tables that are global variables or constants of the taps; the collector's skeleton has to know their types too.
 */
#ifndef TRACER_TABLES_H
#define TRACER_TABLES_H

#include "hash.h"

/* Keys and states apart: every packet looks for its key, so that these should stay in the cache. */
struct skb_bucket {
	__u64 key[4]; /* address of the sk_buff; 0 = free */
};

#define SKB_BUCKET_BITS 12
#define SKB_BUCKETS (1 << SKB_BUCKET_BITS)

/* Tuples that followed packets carried. */
struct learned_bucket {
	__u64 key[8];
};

#define LEARNED_BUCKETS 2048

/* Addresses of learned tuples, by address_mark(): 1 = this one, or another of the same mark. */
struct learned_marks {
	__u8 of[MARKS];
};

/* Kernel code that fires consume_skb. */
struct ender {
	__u64 from, to;
	__u64 is_location; /* the packet ends here; else where this was called */
};

#define ENDERS 8

#endif
