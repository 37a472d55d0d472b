/* SPDX-License-Identifier: MIT */
#ifndef TRACER_SYMBOLS_H
#define TRACER_SYMBOLS_H

#include <linux/types.h>

/*
 * Name of the kernel function that a return address lies in, without compiler suffixes (.isra.0); NULL if the kernel hides
 * its addresses. Reads /proc/kallsyms at the first call. `*fresh` says that this address had not been asked for before.
 */
const char *symbol_name(__u64 address, int *fresh);

#endif
