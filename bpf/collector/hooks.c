// SPDX-License-Identifier: MIT
#include "hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "inventory.h"

#define HOOKS           5
#define ALL_HOOKS       0x1f
#define NAMESPACES_MAX  64
#define STEPS_ASIDE     8
#define SETTLE_NS       500000000ULL /* until the namespaces have been counted with our links in them */
#define BPF_NETFILTER   45 /* attach type; libbpf 1.1 does not know it */

/*
 * Behind the rules that matter at each hook: DNAT is at -100, the filter at 0, SNAT at 100. A priority that is taken is
 * refused with EBUSY; then one step on, away from what it has to be behind.
 */
static const int priorities[HOOKS] = {-99, 101, 1, -99, 101};

struct place {
	__u64 cookie;
	__u8 pf;
	__u8 hooks; /* one bit each, by NF_INET_* */
	bool wanted;
	__u64 opened_ns;
	int links[HOOKS]; /* -1 = none */
};

static struct {
	int program;
	const char *refused;
	int count;
	struct place places[NAMESPACES_MAX];
} hooks = {.program = -1, .refused = "not started"};

static __u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

void hooks_init(int program_fd, const char *why)
{
	hooks.program = program_fd;
	hooks.refused = why;
}

const char *hooks_refused(void)
{
	return hooks.refused;
}

/* struct bpf_attr as bpf(BPF_LINK_CREATE) has it for netfilter since Linux 6.4. */
struct link_create {
	__u32 prog_fd;
	__u32 target_fd;
	__u32 attach_type;
	__u32 flags;
	__u32 pf;
	__u32 hooknum;
	__s32 priority;
	__u32 netfilter_flags;
};

/* In the namespace of the calling thread. */
static int attach(__u8 pf, unsigned int hook)
{
	struct link_create attr = {
		.prog_fd = hooks.program,
		.attach_type = BPF_NETFILTER,
		.pf = pf,
		.hooknum = hook,
	};

	for (int step = 0; step < STEPS_ASIDE; step++) {
		int fd;

		attr.priority = priorities[hook] + step;
		fd = syscall(__NR_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
		if (fd >= 0 || errno != EBUSY)
			return fd;
	}
	return -1;
}

static void place_close(struct place *place)
{
	for (int i = 0; i < HOOKS; i++) {
		if (place->links[i] >= 0)
			close(place->links[i]);
		place->links[i] = -1;
	}
}

static int place_links(const struct place *place)
{
	int open = 0;

	for (int i = 0; i < HOOKS; i++)
		open += place->links[i] >= 0;
	return open;
}

static void place_open(struct place *place, struct inventory *inventory, int home)
{
	int netns = inventory_enter(inventory, place->cookie);

	if (netns < 0)
		return;
	if (!setns(netns, CLONE_NEWNET)) {
		for (int i = 0; i < HOOKS; i++)
			if (place->hooks & 1 << i)
				place->links[i] = attach(place->pf, i);
		if (setns(home, CLONE_NEWNET))
			_exit(1); /* in a stranger's namespace nothing that follows would be right */
	}
	place->opened_ns = now_ns();
	close(netns);
}

void hooks_begin(void)
{
	for (int i = 0; i < hooks.count; i++)
		hooks.places[i].wanted = false;
}

void hooks_want(__u64 cookie, __u8 pf, __u8 wanted)
{
	struct place *place;

	wanted &= ALL_HOOKS;
	for (int i = 0; i < hooks.count; i++) {
		if (hooks.places[i].cookie != cookie || hooks.places[i].pf != pf || hooks.places[i].hooks != wanted)
			continue;
		hooks.places[i].wanted = true;
		return;
	}
	if (hooks.count == NAMESPACES_MAX)
		return;
	place = &hooks.places[hooks.count++];
	*place = (struct place){
		.cookie = cookie,
		.pf = pf,
		.hooks = wanted,
		.wanted = true,
		.links = {-1, -1, -1, -1, -1},
	};
}

static void forget(int index)
{
	place_close(&hooks.places[index]);
	hooks.places[index] = hooks.places[--hooks.count];
}

int hooks_apply(struct inventory *inventory)
{
	int home = hooks.refused ? -1 : open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int total = 0;

	for (int i = hooks.count - 1; i >= 0; i--)
		if (!hooks.places[i].wanted)
			forget(i);
	for (int i = 0; i < hooks.count && home >= 0; i++) {
		if (!place_links(&hooks.places[i]))
			place_open(&hooks.places[i], inventory, home);
		total += place_links(&hooks.places[i]);
	}
	if (home >= 0)
		close(home);
	return total;
}

/* A namespace may be held for both families: only all of its links together are to be told from its references. */
static int links_into(__u64 cookie, __u64 *opened_ns)
{
	int links = 0;

	*opened_ns = 0;
	for (int i = 0; i < hooks.count; i++) {
		const struct place *place = &hooks.places[i];

		if (place->cookie != cookie)
			continue;
		links += place_links(place);
		if (place->opened_ns > *opened_ns)
			*opened_ns = place->opened_ns;
	}
	return links;
}

bool hooks_held(void)
{
	return hooks.count > 0;
}

void hooks_release(struct inventory *inventory)
{
	for (int i = hooks.count - 1; i >= 0; i--) {
		__u64 cookie = hooks.places[i].cookie, opened_ns;
		int links = links_into(cookie, &opened_ns);

		if (!links || opened_ns + SETTLE_NS > now_ns() ||
		    inventory_references(inventory, cookie) > (__u32)links)
			continue;
		for (int j = hooks.count - 1; j >= 0; j--)
			if (hooks.places[j].cookie == cookie)
				forget(j);
		i = hooks.count;
	}
}
