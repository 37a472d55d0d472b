// SPDX-License-Identifier: MIT
/*
 * Who lives in each namespace: the few processes of lowest pid, which are the ones that stay (a pod's pause process and
 * its main process, not the curl that runs in it now).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "inventory-state.h"

/* How old comm and cgroup may be. */
#define REFRESH_NS (2000 * MS)
/* Of a process in a namespace that is still being set up. */
#define REFRESH_YOUNG_NS (100 * MS)
#define YOUNG_NS (3000 * MS)

static bool read_file(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, out, size - 1);

	if (fd >= 0)
		close(fd);
	if (len < 0)
		return false;
	out[len] = 0;
	return true;
}

void process_each(struct inventory *inventory, process_visit visit)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	/* /proc lists processes by ascending pid (proc_pid_readdir, next_tgid). */
	while (dir && (entry = readdir(dir))) {
		char path[64];
		char target[64];
		unsigned int inode;
		ssize_t len;
		int pid = atoi(entry->d_name);

		if (pid <= 0 || pid == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
		len = readlink(path, target, sizeof(target) - 1);
		/* A zombie has none. */
		if (len <= 0)
			continue;
		target[len] = 0;
		if (sscanf(target, "net:[%u]", &inode) == 1)
			visit(inventory, pid, inode);
	}
	if (dir)
		closedir(dir);
}

static void read_process(struct process *process)
{
	char path[64];
	char text[4096];
	char *rest = NULL;
	char *line;

	snprintf(path, sizeof(path), "/proc/%d/comm", process->pid);
	if (!read_file(path, text, sizeof(text)))
		return;
	snprintf(process->comm, sizeof(process->comm), "%.*s", (int)strcspn(text, "\n"), text);
	memset(&process->cgroup, 0, sizeof(process->cgroup));
	snprintf(path, sizeof(path), "/proc/%d/cgroup", process->pid);
	if (!read_file(path, text, sizeof(text)))
		return;
	/* Version 1 has a line for each hierarchy, of which some may be outside of the container's group. */
	for (line = strtok_r(text, "\n", &rest); line && !process->cgroup.container[0];
	     line = strtok_r(NULL, "\n", &rest)) {
		const char *cgroup = strchr(line, '/');

		if (cgroup)
			cgroup_read(cgroup + 1, &process->cgroup);
	}
	process->read_ns = now_ns();
}

static bool is_kernel_thread(int pid)
{
	char path[64];
	char target[2];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return readlink(path, target, sizeof(target)) < 0 && errno == ENOENT;
}

/* Where it stands among the lowest pids of its namespace, or -1 when it is none of them. */
static int place_of(const struct netns *netns, int pid)
{
	int place = 0;

	while (place < netns->process_count && netns->processes[place].pid < pid)
		place++;
	return place < PROCESSES_MAX ? place : -1;
}

static void take(struct inventory *inventory, int pid, uint32_t inode)
{
	struct netns *netns = netns_with_inode(inventory, inode);
	struct process *process;
	uint64_t now = now_ns();
	int place = netns ? place_of(netns, pid) : -1;
	uint64_t refresh;
	char path[64];

	if (place < 0)
		return;
	if (!netns->path) {
		snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
		ways_offer(inventory, netns, path);
	}
	process = &netns->processes[place];
	if (place == netns->process_count || process->pid != pid) {
		if (inode == inventory->home_inode && is_kernel_thread(pid))
			return;
		if (netns->process_count < PROCESSES_MAX)
			netns->process_count++;
		memmove(process + 1, process, (netns->process_count - 1 - place) * sizeof(*process));
		*process = (struct process){ .pid = pid };
	}
	process->seen = true;
	refresh = now - netns->born_ns < YOUNG_NS ? REFRESH_YOUNG_NS : REFRESH_NS;
	if (!process->read_ns || now - process->read_ns >= refresh)
		read_process(process);
}

static void forget_unseen(struct netns *netns)
{
	int kept = 0;

	for (int i = 0; i < netns->process_count; i++)
		if (netns->processes[i].seen)
			netns->processes[kept++] = netns->processes[i];
	netns->process_count = kept;
}

void process_scan(struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->count; i++)
		for (int k = 0; k < inventory->list[i]->process_count; k++)
			inventory->list[i]->processes[k].seen = false;
	process_each(inventory, take);
	for (size_t i = 0; i < inventory->count; i++)
		forget_unseen(inventory->list[i]);
}
