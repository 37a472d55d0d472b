// SPDX-License-Identifier: MIT
/*
 * The inventory's thread: look, dump what changed, say what is new.
 *
 * A look costs about 0.1 ms for 200 namespaces and happens every 25 ms, or 75 ms when nothing changed for a while; and at
 * once when something is mounted: that is how a namespace gets its name, which may be gone again in less than 25 ms. It tells
 * births, deaths and most changes. What it cannot tell (neighbours, forwarding entries, a tunnel's settings) is read again by
 * time: twice soon after a change, as a namespace is usually set up in several steps, then every 5 s, spread over the
 * namespaces.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inventory-state.h"

#define LOOK_MS 25
/* A change rarely comes alone; without any, fewer wake-ups disturb less. */
#define LOOK_CALM_MS 75
#define CALM_NS (1000 * MS)
/* Without the BPF walker a look reads all of /proc. */
#define LOOK_PROC_MS 250
/* Where containers start all the time, something is mounted all the time. */
#define LOOK_MOUNTED_MS 2
/* A look takes at most 1/50 of the time. */
#define LOOK_SHARE 50
#define REREAD_NS (5000 * MS)
#define REREAD_PROC_NS (1000 * MS)
#define DUMP_SHARE 10
#define YOUNG_NS (3000 * MS)
#define NAMES_YOUNG_NS (20 * MS)
/* A namespace that cannot be entered yet is not told as unreadable sooner, but at the first look. */
#define PATIENCE_NS (100 * MS)
#define PROCESSES_NS (1000 * MS)
#define PROCESSES_YOUNG_NS (50 * MS)

static const uint64_t settle_ns[] = { 200 * MS, 1000 * MS };
#define SETTLES (sizeof(settle_ns) / sizeof(*settle_ns))

static bool some_young(const struct inventory *inventory, uint64_t now)
{
	for (size_t i = 0; i < inventory->count; i++)
		if (now - inventory->list[i]->born_ns < YOUNG_NS)
			return true;
	return false;
}

static bool some_new(const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->count; i++)
		if (!inventory->list[i]->read_ns)
			return true;
	return false;
}

/* Names and processes come after the namespace that they belong to: looked for often while one is young. True: may have changed. */
static bool look_around(struct inventory *inventory, uint64_t now)
{
	bool young = some_young(inventory, now);
	bool fresh = some_new(inventory);
	bool names_due = fresh || inventory->mounted || now - inventory->names_ns >= (young ? NAMES_YOUNG_NS : REREAD_NS);

	bool processes_due = fresh || now >= inventory->processes_ns;
	bool scanned = names_scan(inventory, names_due);

	if (names_due)
		inventory->names_ns = now;
	if (processes_due) {
		uint64_t cost = worked_ns();

		process_scan(inventory);
		cost = worked_ns() - cost;
		/* On a machine of many thousand processes: less often. */
		inventory->processes_ns = now + (young ? PROCESSES_YOUNG_NS : PROCESSES_NS) + cost * DUMP_SHARE;
	}
	ways_search(inventory, now);
	return scanned || processes_due;
}

static void drop_gone(struct inventory *inventory, struct outbox *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < inventory->count; i++) {
		struct netns *netns = inventory->list[i];

		/* With the kernel's list only the way in was wrong; without it this one is gone. */
		if (netns->present && !(netns->replaced && !inventory->walker)) {
			inventory->list[kept++] = netns;
			continue;
		}
		if (netns->emitted_hash)
			frame_gone(netns, out);
		netns_free(netns);
	}
	inventory->count = kept;
	inventory->cursor = 0;
}

static void plan_next(struct inventory *inventory, struct netns *netns, bool changed, uint64_t cost)
{
	uint64_t reread = inventory->walker ? REREAD_NS : REREAD_PROC_NS;
	uint64_t now = now_ns();

	netns->settled = changed ? 0 : netns->settled;
	if (netns->unreadable && now - netns->born_ns < YOUNG_NS)
		/* Found before its name or process was. */
		netns->due_ns = now + NAMES_YOUNG_NS;
	else if (netns->settled < SETTLES)
		netns->due_ns = now + settle_ns[netns->settled++];
	else
		/* Spread by cookie, which is as good as random here. */
		netns->due_ns = now + reread * 3 / 4 + (netns->cookie * 0x9e3779b97f4a7c15ULL >> 32) % (reread / 2);
	netns->rest_until_ns = now + cost * DUMP_SHARE;
}

static void dump_changed(struct inventory *inventory, uint64_t now)
{
	for (size_t i = 0; i < inventory->count; i++) {
		struct netns *netns = inventory->list[i];
		bool changed = !netns->read_ns || netns->changes != netns->changes_now;
		uint64_t cost;

		if ((!changed && now < netns->due_ns) || now < netns->rest_until_ns)
			continue;
		cost = worked_ns();
		netns->changes = netns->changes_now;
		inventory->changed_ns = changed ? now : inventory->changed_ns;
		dump_netns(inventory, netns);
		plan_next(inventory, netns, changed, worked_ns() - cost);
	}
}

static void emit_changed(struct inventory *inventory, uint64_t now, bool all, struct outbox *out)
{
	for (size_t i = 0; i < inventory->count; i++) {
		struct netns *netns = inventory->list[i];
		uint64_t hash;

		if (!netns->cookie || (!all && !netns->touched))
			continue;
		if (netns->unreadable && now - netns->born_ns < PATIENCE_NS && inventory->first_done)
			continue;
		netns->touched = false;
		hash = frame_hash(netns);
		if (hash == netns->emitted_hash)
			continue;
		/* A name or process is news of now, not of the last dump. */
		if (netns->read_ns < now)
			netns->read_ns = now;
		netns->emitted_hash = hash;
		frame_netns(inventory, netns, out);
	}
}

static void look(struct inventory *inventory, struct outbox *out)
{
	uint64_t now = now_ns();
	uint64_t cost = worked_ns();
	bool scanned;

	walk_run(inventory, now);
	inventory->walk_cost_ns = worked_ns() - cost;
	drop_gone(inventory, out);
	scanned = look_around(inventory, now);
	dump_changed(inventory, now);
	peers_resolve(inventory, now);
	emit_changed(inventory, now, scanned, out);
}

static void wait_next(struct inventory *inventory)
{
	struct pollfd wake[] = {
		{ .fd = inventory->wake_fd, .events = POLLIN },
		{ .fd = inventory->mounts_fd, .events = POLLPRI },
	};
	uint64_t at_least = inventory->walk_cost_ns * LOOK_SHARE / MS;
	bool calm = now_ns() - inventory->changed_ns > CALM_NS;
	uint64_t pause = !inventory->walker ? LOOK_PROC_MS : calm ? LOOK_CALM_MS : LOOK_MS;
	uint64_t rest = inventory->walker ? LOOK_MOUNTED_MS : LOOK_PROC_MS;
	uint64_t count;

	if (pause < at_least)
		pause = at_least;
	if (inventory->mounted && poll(wake, 1, (int)rest) == 0)
		poll(wake, 2, (int)(pause - rest));
	else if (!inventory->mounted)
		poll(wake, 2, (int)pause);
	inventory->mounted = wake[1].revents != 0;
	if (wake[0].revents && read(inventory->wake_fd, &count, sizeof(count)) < 0)
		return;
}

static void *run(void *data)
{
	struct inventory *inventory = data;
	struct outbox out = { 0 };

	prctl(PR_SET_NAME, "inventory");
	walk_open(inventory);
	ways_open(inventory);
	while (!__atomic_load_n(&inventory->stop, __ATOMIC_ACQUIRE)) {
		pthread_mutex_lock(&inventory->lock);
		look(inventory, &out);
		pthread_mutex_unlock(&inventory->lock);
		outbox_emit(&out, inventory->emit, inventory->ctx);
		pthread_mutex_lock(&inventory->lock);
		inventory->first_done = true;
		pthread_cond_broadcast(&inventory->first);
		pthread_mutex_unlock(&inventory->lock);
		wait_next(inventory);
	}
	outbox_free(&out);
	return NULL;
}

static uint64_t own_cookie(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, 71 /* SO_NETNS_COOKIE */, &cookie, &len) < 0)
		cookie = 0;
	close(fd);
	return cookie;
}

static int start_thread(struct inventory *inventory)
{
	sigset_t all;
	sigset_t before;
	int error;

	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&inventory->thread, NULL, run, inventory);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

static void release(struct inventory *inventory)
{
	if (inventory->home_fd >= 0)
		close(inventory->home_fd);
	if (inventory->wake_fd >= 0)
		close(inventory->wake_fd);
	if (inventory->mounts_fd >= 0)
		close(inventory->mounts_fd);
	for (size_t i = 0; i < inventory->count; i++)
		netns_free(inventory->list[i]);
	free(inventory->list);
	free(inventory->names);
	free(inventory);
}

struct inventory *inventory_start(inventory_emit emit, void *ctx)
{
	struct inventory *inventory = calloc(1, sizeof(*inventory));
	pthread_condattr_t clock;
	struct stat facts;
	int error;

	if (!inventory)
		return NULL;
	inventory->emit = emit;
	inventory->ctx = ctx;
	inventory->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	/* Without it (no /proc) names are found at the next look: poll() passes over a negative descriptor. */
	inventory->mounts_fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	inventory->home_fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (inventory->wake_fd < 0 || inventory->home_fd < 0 || fstat(inventory->home_fd, &facts) < 0) {
		error = errno;
		release(inventory);
		errno = error;
		return NULL;
	}
	inventory->home_inode = (uint32_t)facts.st_ino;
	inventory->nsfs_dev = facts.st_dev;
	inventory->home_cookie = own_cookie();
	pthread_mutex_init(&inventory->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&inventory->first, &clock);
	error = start_thread(inventory);
	if (error) {
		release(inventory);
		errno = error;
		return NULL;
	}
	return inventory;
}

int inventory_wait_first(struct inventory *inventory, int timeout_ms)
{
	uint64_t until = now_ns() + (uint64_t)timeout_ms * MS;
	struct timespec deadline = { .tv_sec = until / 1000000000ULL, .tv_nsec = until % 1000000000ULL };
	int error = 0;

	pthread_mutex_lock(&inventory->lock);
	while (!inventory->first_done && !error)
		error = pthread_cond_timedwait(&inventory->first, &inventory->lock, &deadline);
	pthread_mutex_unlock(&inventory->lock);
	return -error;
}

const char *inventory_how(struct inventory *inventory)
{
	return inventory->how;
}

void inventory_poke(struct inventory *inventory)
{
	uint64_t one = 1;

	if (write(inventory->wake_fd, &one, sizeof(one)) < 0)
		return;
}

void inventory_stop(struct inventory *inventory)
{
	__atomic_store_n(&inventory->stop, true, __ATOMIC_RELEASE);
	inventory_poke(inventory);
	pthread_join(inventory->thread, NULL);
	walk_close(inventory);
	release(inventory);
}

int inventory_enter(struct inventory *inventory, uint64_t cookie)
{
	int fd = -ENOENT;

	pthread_mutex_lock(&inventory->lock);
	for (size_t i = 0; i < inventory->count; i++)
		if (inventory->list[i]->cookie == cookie)
			fd = ways_enter(inventory, inventory->list[i]);
	pthread_mutex_unlock(&inventory->lock);
	return fd;
}

uint32_t inventory_references(struct inventory *inventory, uint64_t cookie)
{
	uint32_t references = 0;

	pthread_mutex_lock(&inventory->lock);
	for (size_t i = 0; i < inventory->count; i++)
		if (inventory->list[i]->cookie == cookie)
			references = inventory->list[i]->references;
	pthread_mutex_unlock(&inventory->lock);
	return references;
}
