/* SPDX-License-Identifier: MIT
 *
 * The inventory: what every network namespace of the machine holds, as JSON frames (`InventoryFrame` of
 * src/model/inventory.ts), first all of them, then one whenever a namespace appears, changes or goes.
 *
 * It has a thread of its own, which enters each namespace once with setns() and dumps it over netlink. It pins no
 * namespace: between two looks neither a file descriptor nor a socket of one is open.
 */
#ifndef TRACER_INVENTORY_H
#define TRACER_INVENTORY_H

#include <stddef.h>
#include <stdint.h>

struct inventory;

/* One JSON object, not terminated by a newline. Called in the inventory's thread, one call at a time. */
typedef void (*inventory_emit)(void *ctx, const char *json, size_t len);

/* Starts with a full look. NULL with errno set only when there is no thread or memory to be had. */
struct inventory *inventory_start(inventory_emit emit, void *ctx);

/* Waits until the first look has been emitted. 0, or -ETIMEDOUT. */
int inventory_wait_first(struct inventory *inventory, int timeout_ms);

/* How namespaces are found: "bpf", or "proc: WHY" where the kernel's list could not be walked. Valid after the first look. */
const char *inventory_how(struct inventory *inventory);

/* Look at once: an event came from a namespace or device that is not known yet. Any thread, also often. */
void inventory_poke(struct inventory *inventory);

/* Ends the thread; nothing is emitted afterwards. */
void inventory_stop(struct inventory *inventory);

/* A file descriptor (O_CLOEXEC) of that namespace, the caller's to close; -ENOENT when it is gone or has no way in. */
int inventory_enter(struct inventory *inventory, uint64_t cookie);

/* References to that namespace at the last walk (every 25 ms); 0 when it is gone or not known. */
uint32_t inventory_references(struct inventory *inventory, uint64_t cookie);

#endif
