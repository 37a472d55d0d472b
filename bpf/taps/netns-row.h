/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * What the namespace walker (netns.bpf.c) tells the inventory about each network namespace.
 */
#ifndef TRACER_NETNS_ROW_H
#define TRACER_NETNS_ROW_H

#include <linux/types.h>

#define NETNS_ROWS_MAX 8192

struct netns_row {
	__u64 cookie;
	/* Mixes every counter and device attribute that the walker reads: another value = something changed. */
	__u64 changes;
	__u32 inode;
	/* 0 = being torn down; 1 also where the kernel keeps the count elsewhere. */
	__u32 refcount;
};

struct netns_walk {
	__u32 count;
	/* Namespaces beyond NETNS_ROWS_MAX, not in `rows`. */
	__u32 beyond;
	struct netns_row rows[NETNS_ROWS_MAX];
};

#endif
