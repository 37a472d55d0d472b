// SPDX-License-Identifier: MIT
/*
 * Which namespaces there are: the kernel's own list, read by a BPF program, or, where that cannot be had, what /proc and
 * the directories of names show.
 */
#include <errno.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "inventory-state.h"
#include "../taps/netns-row.h"
#include "netns.skel.h"

struct walker {
	struct netns_bpf *skeleton;
	int program_fd;
};

static int walk_once(struct walker *walker)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	return bpf_prog_test_run_opts(walker->program_fd, &options);
}

void walk_open(struct inventory *inventory)
{
	struct walker *walker = calloc(1, sizeof(*walker));
	int result = -ENOMEM;

	if (!walker)
		goto out;
	/* For tests: how it works where BPF is refused. */
	result = -EPERM;
	if (getenv("TRACER_INVENTORY_PROC"))
		goto out;
	walker->skeleton = netns_bpf__open_and_load();
	result = -errno;
	if (!walker->skeleton)
		goto out;
	walker->program_fd = bpf_program__fd(walker->skeleton->progs.walk_netns);
	result = walk_once(walker);
	if (result < 0)
		goto out;
	if (!walker->skeleton->bss->walk.count) {
		result = -ENODATA;
		goto out;
	}
	inventory->walker = walker;
	snprintf(inventory->how, sizeof(inventory->how), "bpf");
	return;
out:
	snprintf(inventory->how, sizeof(inventory->how),
		 "proc: the kernel's list of namespaces cannot be walked (%s); one without a process or name is not seen",
		 strerror(-result));
	if (walker)
		netns_bpf__destroy(walker->skeleton);
	free(walker);
}

void walk_close(struct inventory *inventory)
{
	if (!inventory->walker)
		return;
	netns_bpf__destroy(inventory->walker->skeleton);
	free(inventory->walker);
	inventory->walker = NULL;
}

struct netns *netns_with_inode(struct inventory *inventory, uint32_t inode)
{
	for (size_t i = 0; i < inventory->count; i++)
		if (inventory->list[i]->inode == inode && inventory->list[i]->present)
			return inventory->list[i];
	return NULL;
}

/* The kernel appends to its list as we do to ours, so the next one asked for is nearly always the one after the last. */
static struct netns *netns_with_cookie(struct inventory *inventory, uint64_t cookie)
{
	for (size_t i = 0; i < inventory->count; i++) {
		size_t at = (inventory->cursor + i) % inventory->count;

		if (inventory->list[at]->cookie == cookie) {
			inventory->cursor = at + 1;
			return inventory->list[at];
		}
	}
	return NULL;
}

struct netns *netns_add(struct inventory *inventory, uint64_t cookie, uint32_t inode, uint64_t now)
{
	struct netns *netns = calloc(1, sizeof(*netns));

	if (!netns)
		abort();
	netns->cookie = cookie;
	netns->inode = inode;
	netns->present = true;
	netns->born_ns = now;
	netns->ip_forward = -1;
	inventory->list = grown(inventory->list, (inventory->count + 1) * sizeof(*inventory->list));
	inventory->list[inventory->count++] = netns;
	return netns;
}

void netns_free(struct netns *netns)
{
	free(netns->path);
	free(netns->links);
	text_free(&netns->names);
	text_free(&netns->addresses);
	text_free(&netns->routes);
	text_free(&netns->neighbours);
	text_free(&netns->fdb);
	free(netns);
}

static void take_row(struct inventory *inventory, const struct netns_row *row, uint64_t now)
{
	struct netns *netns = netns_with_cookie(inventory, row->cookie);

	/* Nobody can enter it any more, and its devices are going. */
	if (!row->refcount && row->inode != inventory->home_inode)
		return;
	if (!netns)
		netns = netns_add(inventory, row->cookie, row->inode, now);
	netns->present = true;
	netns->changes_now = row->changes;
	netns->references = row->refcount;
}

static void take_inode(struct inventory *inventory, uint32_t inode)
{
	struct netns *found = NULL;

	for (size_t i = 0; i < inventory->count && !found; i++)
		if (inventory->list[i]->inode == inode)
			found = inventory->list[i];
	if (!found)
		found = netns_add(inventory, 0, inode, now_ns());
	found->present = true;
}

static void take_process(struct inventory *inventory, int pid, uint32_t inode)
{
	(void)pid;
	take_inode(inventory, inode);
}

static void take_name(struct inventory *inventory, const char *path, uint32_t inode)
{
	(void)path;
	take_inode(inventory, inode);
}

void walk_run(struct inventory *inventory, uint64_t now)
{
	struct netns_walk *walk;

	for (size_t i = 0; i < inventory->count; i++)
		inventory->list[i]->present = false;
	if (!inventory->walker) {
		take_inode(inventory, inventory->home_inode);
		process_each(inventory, take_process);
		names_each(inventory, take_name);
		for (size_t i = 0; i < inventory->count; i++)
			if (!inventory->list[i]->present)
				inventory->list[i]->present = ways_still_there(inventory->list[i]);
		return;
	}
	walk_once(inventory->walker);
	walk = &inventory->walker->skeleton->bss->walk;
	for (uint32_t i = 0; i < walk->count && i < NETNS_ROWS_MAX; i++)
		take_row(inventory, &walk->rows[i], now);
}
