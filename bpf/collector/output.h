/* SPDX-License-Identifier: MIT */
#ifndef TRACER_OUTPUT_H
#define TRACER_OUTPUT_H

#include <linux/types.h>
#include <stddef.h>

/*
 * Frames to stdout, from any thread. Frames are gathered in a buffer and leave it whole; output_flush() writes what
 * there is. A reader that stalls makes the writer wait, so the ring fills and loses, which is counted; a reader that is gone ends the
 * process.
 */
void output_frame(const void *frame, size_t len);
void output_json(__u16 type, const char *json, size_t len);
__attribute__((format(printf, 2, 3))) void output_jsonf(__u16 type, const char *format, ...);
void output_flush(void);

/* From a thread that must not wait for the reader; output_take_aside(), in the thread that does, puts them among the others. */
void output_json_aside(__u16 type, const char *json, size_t len);
void output_take_aside(void);
/* Readable while something lies aside. */
int output_aside_fd(void);

#endif
