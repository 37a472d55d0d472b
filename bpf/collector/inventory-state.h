/* SPDX-License-Identifier: MIT
 *
 * What the inventory's files share: the table of namespaces. Only the inventory's thread changes it; `lock` is for
 * inventory_enter(), which reads it from another thread.
 */
#ifndef TRACER_INVENTORY_STATE_H
#define TRACER_INVENTORY_STATE_H

#include <linux/if.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "inventory.h"
#include "inventory-text.h"

#define MS 1000000ULL
#define PROCESSES_MAX 8

struct vxlan {
	uint32_t vni;
	uint16_t port;
	bool learning;
	char local[46];
	char remote[46];
};

struct link {
	int ifindex;
	char name[IFNAMSIZ];
	char kind[16];
	char mac[3 * 32];
	unsigned int mtu;
	unsigned int flags;
	int master;
	/* IFLA_LINK: a veth's peer, a VLAN's or macvlan's lower device, a tunnel's underlay. 0 = none. */
	int other;
	/* IFLA_LINK_NETNSID: where `other` is, as numbered in this namespace; -1 = here. */
	int other_nsid;
	/* Cookie of that namespace once resolved; 0 = not known. */
	uint64_t other_netns;
	bool is_vxlan;
	struct vxlan vxlan;
};

/* Empty where the path does not say. */
struct cgroup {
	char container[65];
	/* The container around it. */
	char within[65];
	/* UID of the pod that it is of. */
	char pod[37];
};

struct process {
	int pid;
	char comm[32];
	struct cgroup cgroup;
	/* When comm and cgroup were read: both change with exec and as a container starts. */
	uint64_t read_ns;
	bool seen;
};

struct netns {
	/* 0 only without the BPF walker, until it has been entered. */
	uint64_t cookie;
	uint32_t inode;
	bool present;
	/* Its way in led into another namespace: the inode number has been used again. */
	bool replaced;
	/* As the walker saw it at the last dump. */
	uint64_t changes;
	uint64_t changes_now;
	/* References to it at the last walk, those of our own links among them. */
	uint32_t references;

	/* A file that leads into it; NULL = none found. Not needed where handles work. */
	char *path;

	uint64_t born_ns;
	/* When the last dump began; 0 = never. */
	uint64_t read_ns;
	/* When to read it again although nothing seems to have changed. */
	uint64_t due_ns;
	/* Not before: a namespace that is much work to dump is dumped less often. */
	uint64_t rest_until_ns;
	unsigned int settled;

	struct text names;
	struct process processes[PROCESSES_MAX];
	int process_count;
	struct link *links;
	size_t link_count;
	struct text addresses;
	struct text routes;
	struct text neighbours;
	struct text fdb;
	/* Sum over entries, without what merely ages: see lists_neighbour(). */
	uint64_t aging_hash;
	int ip_forward;
	const char *unreadable;
	/* Dumped, or another end of a link resolved, since the last emission. */
	bool touched;
	uint64_t emitted_hash;
};

struct name {
	uint32_t inode;
	char name[256];
};

struct walker;

/* Frames of one look. They are handed over without the lock: the reader of the collector may let us wait. */
struct outbox {
	struct text text;
	size_t *ends;
	size_t count;
};

struct inventory {
	inventory_emit emit;
	void *ctx;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t first;
	bool first_done;
	int wake_fd;
	/* Readable (POLLPRI) when something was mounted or unmounted. */
	int mounts_fd;
	bool mounted;
	bool stop;

	int home_fd;
	uint32_t home_inode;
	uint64_t home_cookie;
	/* st_dev of nsfs: tells a bind-mounted namespace from a plain file of that name. */
	uint64_t nsfs_dev;
	bool handles_work;

	struct walker *walker;
	char how[160];
	uint64_t walk_cost_ns;
	/* When something was seen to change. */
	uint64_t changed_ns;

	struct netns **list;
	size_t count;
	/* Where netns_with_cookie() looks first. */
	size_t cursor;

	/* As found by the last scan, sorted. */
	struct name *names;
	size_t name_count;
	uint64_t names_mark;
	uint64_t names_ns;
	/* When to look at processes next. */
	uint64_t processes_ns;
	uint64_t search_ns;
};

static inline uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* What this thread has worked, without its waiting: for the RTNL lock, which removing a namespace holds for long. */
static inline uint64_t worked_ns(void)
{
	struct timespec worked;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &worked);
	return (uint64_t)worked.tv_sec * 1000000000ULL + worked.tv_nsec;
}

/* inventory-walk.c: which namespaces there are */
void walk_open(struct inventory *inventory);
void walk_close(struct inventory *inventory);
/* Marks the present ones, adds new ones. */
void walk_run(struct inventory *inventory, uint64_t now);
struct netns *netns_with_inode(struct inventory *inventory, uint32_t inode);
struct netns *netns_add(struct inventory *inventory, uint64_t cookie, uint32_t inode, uint64_t now);
void netns_free(struct netns *netns);

/* inventory-ways.c: the way into each */
void ways_open(struct inventory *inventory);
/* For those without one. */
void ways_search(struct inventory *inventory, uint64_t now);
/* Known before a search: keeps the first one found. */
void ways_offer(struct inventory *inventory, struct netns *netns, const char *path);
/* Does its file still lead into it? */
bool ways_still_there(const struct netns *netns);
/* A file descriptor of it, or -errno. */
int ways_enter(struct inventory *inventory, struct netns *netns);

/* inventory-names.c: what the host calls them */
typedef void (*netns_visit)(struct inventory *inventory, const char *path, uint32_t inode);
void names_each(struct inventory *inventory, netns_visit visit);
/* `again`: also when the directories look unchanged. True: was read. */
bool names_scan(struct inventory *inventory, bool again);

/* inventory-process.c: who lives in each */
typedef void (*process_visit)(struct inventory *inventory, int pid, uint32_t inode);
/* `path`: of one hierarchy, after its first slash, to the end of the line. */
void cgroup_read(const char *path, struct cgroup *out);
void process_each(struct inventory *inventory, process_visit visit);
void process_scan(struct inventory *inventory);

/* inventory-links.c, inventory-lists.c: one message of a dump; ctx is the namespace */
struct nlmsghdr;
void links_add(const struct nlmsghdr *message, void *netns);
void lists_address(const struct nlmsghdr *message, void *netns);
void lists_route(const struct nlmsghdr *message, void *netns);
void lists_neighbour(const struct nlmsghdr *message, void *netns);
void lists_fdb(const struct nlmsghdr *message, void *netns);

/* inventory-dump.c: the inside of one. False: could not be entered, `unreadable` says why. */
bool dump_netns(struct inventory *inventory, struct netns *netns);

/* inventory-peers.c: which namespace the other end of a link is in */
/* Is `other` an equal end (`peer`), not a device below? */
bool link_has_peer(const struct link *link);
void peers_resolve(struct inventory *inventory, uint64_t since_ns);

/* inventory-frame.c */
void frame_netns(struct inventory *inventory, struct netns *netns, struct outbox *out);
void frame_gone(struct netns *netns, struct outbox *out);
void outbox_emit(struct outbox *out, inventory_emit emit, void *ctx);
void outbox_free(struct outbox *out);
uint64_t frame_hash(const struct netns *netns);

#endif
