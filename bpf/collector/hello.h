/* SPDX-License-Identifier: MIT */
#ifndef TRACER_HELLO_H
#define TRACER_HELLO_H

#include <linux/types.h>
#include <time.h>

__u64 clock_ns(clockid_t clock);

/* Writes it. `inventory`: how namespaces are listed. */
void hello(const char *inventory);

#endif
