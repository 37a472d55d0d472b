/* SPDX-License-Identifier: MIT */
#ifndef TRACER_SYMBOLS_H
#define TRACER_SYMBOLS_H

#include <linux/types.h>
#include <stdbool.h>

/*
 * Name of the kernel function that a return address lies in, without compiler suffixes (.isra.0); NULL if the kernel hides
 * its addresses. Reads /proc/kallsyms at the first call. `*fresh` says that this address had not been asked for before.
 */
const char *symbol_name(__u64 address, int *fresh);

/* Where the code of a kernel function begins and what lies behind it. False: the kernel has none of that name, or hides it. */
bool symbol_range(const char *name, __u64 *from, __u64 *to);

#endif
