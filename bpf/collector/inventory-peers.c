// SPDX-License-Identifier: MIT
/*
 * In which namespace the other end of a link is: a veth's peer, a VLAN's or macvlan's lower device.
 *
 * The kernel tells the other end's ifindex and the number (nsid) that this namespace has given to the other one. What
 * namespace that is, is asked with a file descriptor of a candidate (RTM_GETNSID): interface numbers repeat in every
 * namespace, so that two nodes' pods look the same until this is asked.
 */
#include <sched.h>
#include <unistd.h>

#include "inventory-state.h"
#include "netlink.h"

bool link_has_peer(const struct link *link)
{
	return strcmp(link->kind, "veth") == 0 || strcmp(link->kind, "netkit") == 0;
}

static struct link *link_in(const struct netns *netns, int ifindex)
{
	for (size_t i = 0; i < netns->link_count; i++)
		if (netns->links[i].ifindex == ifindex)
			return &netns->links[i];
	return NULL;
}

static bool is_open(const struct link *link)
{
	return link->other && link->other_nsid >= 0 && !link->other_netns;
}

static bool has_open_link(const struct netns *netns)
{
	for (size_t i = 0; i < netns->link_count; i++)
		if (is_open(&netns->links[i]))
			return true;
	return false;
}

/* All links of the namespace that carry the number have their other end in `cookie`. */
static void settle(struct inventory *inventory, struct netns *netns, int nsid, struct netns *other)
{
	for (size_t i = 0; i < netns->link_count; i++) {
		struct link *link = &netns->links[i];
		struct link *back;

		if (!is_open(link) || link->other_nsid != nsid)
			continue;
		link->other_netns = other->cookie;
		back = link_has_peer(link) ? link_in(other, link->other) : NULL;
		if (!back || !link_has_peer(back))
			continue;
		/* Read before this end was moved here: what it says of us is out of date. */
		if (back->other != link->ifindex) {
			other->due_ns = 0;
			continue;
		}
		if (back->other_nsid >= 0 && back->other_netns != netns->cookie) {
			back->other_netns = netns->cookie;
			other->touched = true;
		}
	}
	(void)inventory;
}

/* Is `other` the namespace that this one numbers `nsid`? Called inside `netns`. */
static bool is_numbered(struct inventory *inventory, struct netlink *netlink, struct netns *other, int nsid)
{
	int fd = ways_enter(inventory, other);
	int found;

	if (fd < 0)
		return false;
	found = netlink_nsid_of(netlink, fd);
	close(fd);
	return found == nsid;
}

static bool try_candidates(struct inventory *inventory, struct netlink *netlink, struct netns *netns,
			   const struct link *link, bool only_pairs)
{
	int nsid = link->other_nsid;

	for (size_t i = 0; i < inventory->count; i++) {
		struct netns *other = inventory->list[i];
		const struct link *back = other == netns || !other->present ? NULL : link_in(other, link->other);

		if (!back || (link_has_peer(link) && only_pairs != (back->other == link->ifindex && link_has_peer(back))))
			continue;
		if (is_numbered(inventory, netlink, other, nsid)) {
			settle(inventory, netns, nsid, other);
			return true;
		}
	}
	return false;
}

/* First the candidates whose link points back, then, as one of the two may have just been moved, any with that ifindex. */
static void resolve_inside(struct inventory *inventory, struct netns *netns)
{
	struct netlink netlink;

	if (netlink_open(&netlink) < 0)
		return;
	for (size_t i = 0; i < netns->link_count; i++) {
		const struct link *link = &netns->links[i];

		if (is_open(link) && !try_candidates(inventory, &netlink, netns, link, true) && link_has_peer(link))
			try_candidates(inventory, &netlink, netns, link, false);
	}
	netlink_close(&netlink);
}

static void resolve(struct inventory *inventory, struct netns *netns)
{
	int fd = ways_enter(inventory, netns);

	if (fd < 0)
		return;
	if (setns(fd, CLONE_NEWNET) == 0) {
		resolve_inside(inventory, netns);
		if (setns(inventory->home_fd, CLONE_NEWNET) < 0) {
			perror("tracer: cannot return to the own network namespace");
			abort();
		}
	}
	close(fd);
}

static struct netns *netns_of(struct inventory *inventory, uint64_t cookie)
{
	for (size_t i = 0; i < inventory->count; i++)
		if (inventory->list[i]->cookie == cookie)
			return inventory->list[i];
	return NULL;
}

/* Moving one end away changes nothing that the walker sees in the other end's namespace. */
static void recheck_partners(struct inventory *inventory, uint64_t since_ns)
{
	for (size_t i = 0; i < inventory->count; i++) {
		struct netns *netns = inventory->list[i];

		for (size_t k = 0; k < netns->link_count; k++) {
			const struct link *link = &netns->links[k];
			struct netns *other = link->other_netns ? netns_of(inventory, link->other_netns) : NULL;

			if (other && other->read_ns >= since_ns && netns->read_ns < since_ns && !link_in(other, link->other))
				netns->due_ns = 0;
		}
	}
}

static int by_links(const void *a, const void *b)
{
	const struct netns *const *left = a;
	const struct netns *const *right = b;

	return (*left)->link_count < (*right)->link_count ? 1 : (*left)->link_count > (*right)->link_count ? -1 : 0;
}

/* The namespaces with the most links first (a node, a host): each answer there settles the other end too. */
void peers_resolve(struct inventory *inventory, uint64_t since_ns)
{
	struct netns **fresh = grown(NULL, (inventory->count + 1) * sizeof(*fresh));
	size_t count = 0;

	for (size_t i = 0; i < inventory->count; i++)
		if (inventory->list[i]->read_ns >= since_ns && has_open_link(inventory->list[i]))
			fresh[count++] = inventory->list[i];
	if (count) {
		qsort(fresh, count, sizeof(*fresh), by_links);
		for (size_t i = 0; i < count; i++)
			if (has_open_link(fresh[i]))
				resolve(inventory, fresh[i]);
	}
	free(fresh);
	recheck_partners(inventory, since_ns);
}
