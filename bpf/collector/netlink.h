/* SPDX-License-Identifier: MIT
 *
 * rtnetlink requests in whichever namespace the calling thread is in when it opens the socket. An open socket keeps
 * that namespace alive: close it before leaving.
 */
#ifndef TRACER_NETLINK_H
#define TRACER_NETLINK_H

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdint.h>

struct netlink {
	struct mnl_socket *socket;
	unsigned int seq;
};

/* Called once a message of a dump. */
typedef void (*netlink_visit)(const struct nlmsghdr *message, void *ctx);

/* 0 or -errno. */
int netlink_open(struct netlink *netlink);
void netlink_close(struct netlink *netlink);

/* RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETNEIGH. 0 or -errno; -EINTR: it changed meanwhile, start anew. */
int netlink_dump(struct netlink *netlink, uint16_t type, uint8_t family, netlink_visit visit, void *ctx);

/* The number that this namespace has given to the namespace of `fd`; -1 = none, or -errno below that. */
int netlink_nsid_of(struct netlink *netlink, int fd);

/* IPv4 forwarding of the whole namespace: 0, 1, or -errno. */
int netlink_forwarding(struct netlink *netlink);

/* Attributes by type; `table` has `max + 1` places. */
void netlink_attributes(const struct nlmsghdr *message, size_t header, const struct nlattr **table, uint16_t max);
void netlink_nested(const struct nlattr *nest, const struct nlattr **table, uint16_t max);

/* As text; `out` has INET6_ADDRSTRLEN, or 3 * NETLINK_MAC_BYTES, characters. */
#define NETLINK_MAC_BYTES 32
void netlink_ip(char *out, const struct nlattr *attribute);
void netlink_mac(char *out, const struct nlattr *attribute);

#endif
