/* SPDX-License-Identifier: MIT */
#ifndef TRACER_HOOKS_H
#define TRACER_HOOKS_H

#include <linux/types.h>
#include <stdbool.h>

struct inventory;

/*
 * BPF netfilter links, on demand. A link pins the namespace it is in, so each is let go when nothing else holds that
 * namespace any more: a deleted pod's devices vanish as if nobody watched.
 */

/* `why` != NULL: this kernel cannot have them (or not safely), for that reason. */
void hooks_init(int program_fd, const char *why);
const char *hooks_refused(void);

/* The namespaces wanted from now on, put together one by one and then made so. */
void hooks_begin(void);
/* `wanted`: one bit a hook, 1 << NF_INET_*. */
void hooks_want(__u64 cookie, __u8 pf, __u8 wanted);
/* Attaches what is missing, closes what is no longer wanted. Returns the number of links open. */
int hooks_apply(struct inventory *inventory);

/* Are there any? */
bool hooks_held(void);

/* Lets go of namespaces that only we hold. */
void hooks_release(struct inventory *inventory);

#endif
