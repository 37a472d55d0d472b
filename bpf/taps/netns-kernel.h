/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * What the namespace walker reads of the kernel; apart from ../kernel.h because `struct net` is read much deeper here.
 * Only the members used are named; CO-RE moves them to where the running kernel has them. A `___` suffix names another
 * kernel's version of the same structure.
 */
#ifndef TRACER_NETNS_KERNEL_H
#define TRACER_NETNS_KERNEL_H

#include <linux/types.h>

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	atomic_t refs;
} refcount_t;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next;
};

struct ns_common {
	const void *ops;
	unsigned int inum;
	refcount_t count;
};

/* 6.18 renamed the reference counter. */
struct ns_common___6_18 {
	refcount_t __ns_ref;
};

struct ipv4_devconf {
	int data[1]; /* [0]: IPV4_DEVCONF_FORWARDING - 1 */
};

struct netns_ipv4 {
	struct ipv4_devconf *devconf_all;
	unsigned int fib_seq;
	atomic_t dev_addr_genid;
	atomic_t rt_genid;
};

struct netns_ipv6 {
	atomic_t dev_addr_genid;
	atomic_t fib6_sernum;
};

struct netns_nexthop {
	unsigned int seq;
};

struct net {
	unsigned int dev_base_seq;
	struct list_head list;
	struct list_head dev_base_head;
	struct ns_common ns;
	struct netns_ipv4 ipv4;
	struct netns_ipv6 ipv6;
	struct netns_nexthop nexthop;
	__u64 net_cookie;
};

struct net_device {
	struct list_head dev_list;
	char name[16];
	unsigned int flags;
	unsigned int mtu;
	unsigned long state;
	unsigned int operstate;
	int ifindex;
	const unsigned char *dev_addr;
	void *rx_handler_data;
};

/* Up to 6.12 operstate is a byte. */
struct net_device___byte_operstate {
	unsigned char operstate;
};

struct nsproxy {
	struct net *net_ns;
};

struct task_struct {
	struct nsproxy *nsproxy;
};

#pragma clang attribute pop

#endif
