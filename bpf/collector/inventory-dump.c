// SPDX-License-Identifier: MIT
/*
 * The inside of one namespace: the inventory's thread enters it, asks rtnetlink for everything, and leaves.
 */
#include <errno.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "inventory-state.h"
#include "netlink.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define DUMP_TRIES 3

static void clear(struct netns *netns)
{
	netns->link_count = 0;
	netns->aging_hash = 0;
	netns->ip_forward = -1;
	text_clear(&netns->addresses);
	text_clear(&netns->routes);
	text_clear(&netns->neighbours);
	text_clear(&netns->fdb);
}

static bool has_forwarding_base(const struct netns *netns)
{
	for (size_t i = 0; i < netns->link_count; i++)
		if (netns->links[i].is_vxlan || strcmp(netns->links[i].kind, "bridge") == 0)
			return true;
	return false;
}

/* A family that the kernel was built or booted without has nothing to list. */
static int dump_family(struct netlink *netlink, uint16_t type, uint8_t family, netlink_visit visit, void *ctx)
{
	int result = netlink_dump(netlink, type, family, visit, ctx);

	return result == -EAFNOSUPPORT || result == -EOPNOTSUPP ? 0 : result;
}

static int dump_all(struct netlink *netlink, struct netns *netns)
{
	int result;

	clear(netns);
	if ((result = netlink_dump(netlink, RTM_GETLINK, AF_UNSPEC, links_add, netns)) < 0 ||
	    (result = dump_family(netlink, RTM_GETADDR, AF_UNSPEC, lists_address, netns)) < 0 ||
	    (result = dump_family(netlink, RTM_GETROUTE, AF_INET, lists_route, netns)) < 0 ||
	    (result = dump_family(netlink, RTM_GETROUTE, AF_INET6, lists_route, netns)) < 0 ||
	    (result = dump_family(netlink, RTM_GETNEIGH, AF_UNSPEC, lists_neighbour, netns)) < 0)
		return result;
	if (has_forwarding_base(netns))
		result = dump_family(netlink, RTM_GETNEIGH, PF_BRIDGE, lists_fdb, netns);
	netns->ip_forward = netlink_forwarding(netlink);
	return result;
}

static uint64_t cookie_here(struct netlink *netlink)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (getsockopt(mnl_socket_get_fd(netlink->socket), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) < 0)
		return 0;
	return cookie;
}

/* In the namespace. NULL, or why not. */
static const char *read_inside(struct netns *netns)
{
	struct netlink netlink;
	int result = -EINTR;

	/* After an interrupted dump its rest is still in the socket, hence a new one for each try. */
	for (int tries = 0; tries < DUMP_TRIES && result == -EINTR; tries++) {
		uint64_t cookie;

		if (netlink_open(&netlink) < 0)
			return "no netlink socket inside";
		cookie = cookie_here(&netlink);
		if (!netns->cookie)
			netns->cookie = cookie;
		if (!cookie || cookie != netns->cookie) {
			netlink_close(&netlink);
			netns->replaced = cookie != 0;
			return cookie ? "the way led elsewhere" : "this kernel does not tell cookies (SO_NETNS_COOKIE, 5.14)";
		}
		result = dump_all(&netlink, netns);
		netlink_close(&netlink);
	}
	/* It changes faster than it can be read: what was read is kept, the next look comes soon. */
	return result < 0 && result != -EINTR ? "its lists cannot be read" : NULL;
}

bool dump_netns(struct inventory *inventory, struct netns *netns)
{
	int fd = ways_enter(inventory, netns);

	netns->unreadable = NULL;
	netns->touched = true;
	netns->read_ns = now_ns();
	if (fd < 0) {
		netns->unreadable = fd == -ENOENT ? "no process, name or mount leads into it" : "cannot be opened";
	} else if (setns(fd, CLONE_NEWNET) < 0) {
		netns->unreadable = "cannot be entered";
	} else {
		netns->unreadable = read_inside(netns);
		if (setns(inventory->home_fd, CLONE_NEWNET) < 0) {
			/* Everything read from now on would be of the wrong namespace. */
			perror("tracer: cannot return to the own network namespace");
			abort();
		}
	}
	if (fd >= 0)
		close(fd);
	if (netns->unreadable)
		clear(netns);
	if (netns->replaced) {
		free(netns->path);
		netns->path = NULL;
	}
	return !netns->unreadable;
}
