// SPDX-License-Identifier: MIT
/*
 * The way into a namespace: a file that open() and setns() accept.
 *
 * From 6.18 on any namespace can be opened by its number alone (nsfs file handles). Before, something must show it:
 * a name, a process, a thread, an open file, or a mount, also one in another mount namespace, seen through /proc/PID/root.
 * One that is held by nothing but a socket cannot be entered there.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inventory-state.h"

/* include/uapi/linux/fcntl.h and nsfs.h of 6.18; not yet in the headers of the distributions. */
#define FD_NSFS_ROOT (-10003)
#define FILEID_NSFS 0xf1

/* A search through all threads, mounts and open files of the machine is not repeated sooner. */
#define SEARCH_NS (1000 * MS)


static int open_handle(uint64_t cookie, uint32_t inode)
{
	union {
		struct file_handle header;
		char bytes[sizeof(struct file_handle) + 16];
	} handle = { .header = { .handle_bytes = 16, .handle_type = FILEID_NSFS } };
	uint32_t type = CLONE_NEWNET;

	/* struct nsfs_file_handle */
	memcpy(handle.header.f_handle, &cookie, sizeof(cookie));
	memcpy(handle.header.f_handle + 8, &type, sizeof(type));
	memcpy(handle.header.f_handle + 12, &inode, sizeof(inode));
	return open_by_handle_at(FD_NSFS_ROOT, &handle.header, O_RDONLY | O_CLOEXEC);
}

void ways_open(struct inventory *inventory)
{
	int fd = inventory->home_cookie ? open_handle(inventory->home_cookie, inventory->home_inode) : -1;
	struct stat facts;

	/* Proven with our own: the number in the handle need not be the cookie on every kernel. */
	inventory->handles_work = fd >= 0 && fstat(fd, &facts) == 0 && facts.st_ino == inventory->home_inode;
	if (fd >= 0)
		close(fd);
}

void ways_offer(struct inventory *inventory, struct netns *netns, const char *path)
{
	(void)inventory;
	if (!netns->path)
		netns->path = strdup(path);
}

static int open_path(struct netns *netns)
{
	int fd = open(netns->path, O_RDONLY | O_CLOEXEC);
	struct stat facts;

	if (fd >= 0 && fstat(fd, &facts) == 0 && facts.st_ino == netns->inode)
		return fd;
	if (fd >= 0)
		close(fd);
	/* The process ended, the name was given away. */
	free(netns->path);
	netns->path = NULL;
	return -ENOENT;
}

bool ways_still_there(const struct netns *netns)
{
	struct stat facts;

	return netns->path && stat(netns->path, &facts) == 0 && facts.st_ino == netns->inode;
}

int ways_enter(struct inventory *inventory, struct netns *netns)
{
	if (inventory->handles_work && netns->cookie) {
		int fd = open_handle(netns->cookie, netns->inode);

		if (fd >= 0)
			return fd;
	}
	return netns->path ? open_path(netns) : -ENOENT;
}

static void offer_inode(struct inventory *inventory, const char *target, const char *path)
{
	unsigned int inode;
	struct netns *netns;

	if (sscanf(target, "net:[%u]", &inode) != 1)
		return;
	netns = netns_with_inode(inventory, inode);
	/* Without the kernel's list this is how such a namespace is found at all. */
	if (!netns && !inventory->walker)
		netns = netns_add(inventory, 0, inode, now_ns());
	if (netns)
		ways_offer(inventory, netns, path);
}

/* Each link in a directory of /proc that leads to a network namespace: `/proc/P/fd/N`, `/proc/P/task/T/ns/net`. */
static void search_links(struct inventory *inventory, int pid, const char *directory, const char *suffix)
{
	char path[512];
	char target[64];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, directory);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		ssize_t len;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/%s/%.255s%s", pid, directory, entry->d_name, suffix);
		len = readlink(path, target, sizeof(target) - 1);
		if (len <= 0)
			continue;
		target[len] = 0;
		offer_inode(inventory, target, path);
	}
	if (dir)
		closedir(dir);
}

/* In place: mountinfo writes space, tab, newline and backslash as three octal digits. */
static void unescape(char *path)
{
	char *out = path;
	unsigned int code;

	for (; *path; path++) {
		if (*path == '\\' && sscanf(path + 1, "%3o", &code) == 1) {
			*out++ = (char)code;
			path += 3;
		} else {
			*out++ = *path;
		}
	}
	*out = 0;
}

/* Fields of a line: id, parent, device, root (`net:[INODE]`), mount point, … */
static void search_mounts(struct inventory *inventory, int pid)
{
	char path[64];
	char *line = NULL;
	size_t cap = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	file = fopen(path, "re");
	while (file && getline(&line, &cap, file) > 0) {
		char root[64];
		char point[3000];
		char way[3072];

		if (sscanf(line, "%*s %*s %*s %63s %2999s", root, point) != 2 || strncmp(root, "net:[", 5) != 0)
			continue;
		unescape(point);
		snprintf(way, sizeof(way), "/proc/%d/root%s", pid, point);
		offer_inode(inventory, root, way);
	}
	if (file)
		fclose(file);
	free(line);
}

struct mount_namespaces {
	uint64_t *seen;
	size_t count;
};

static bool first_of_mount_namespace(struct mount_namespaces *namespaces, int pid)
{
	char path[64];
	struct stat facts;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	if (stat(path, &facts) < 0)
		return false;
	for (size_t i = 0; i < namespaces->count; i++)
		if (namespaces->seen[i] == facts.st_ino)
			return false;
	namespaces->seen = grown(namespaces->seen, (namespaces->count + 1) * sizeof(*namespaces->seen));
	namespaces->seen[namespaces->count++] = facts.st_ino;
	return true;
}

static bool some_without_way(const struct inventory *inventory)
{
	if (!inventory->walker)
		return true;
	for (size_t i = 0; i < inventory->count; i++)
		if (inventory->list[i]->present && !inventory->list[i]->path)
			return true;
	return false;
}

void ways_search(struct inventory *inventory, uint64_t now)
{
	struct mount_namespaces namespaces = { 0 };
	struct dirent *entry;
	DIR *dir;

	if ((inventory->handles_work && inventory->walker) || !some_without_way(inventory) || now - inventory->search_ns < SEARCH_NS)
		return;
	inventory->search_ns = now;
	dir = opendir("/proc");
	while (dir && (entry = readdir(dir))) {
		int pid = atoi(entry->d_name);

		if (pid <= 0)
			continue;
		search_links(inventory, pid, "task", "/ns/net");
		search_links(inventory, pid, "fd", "");
		if (first_of_mount_namespace(&namespaces, pid))
			search_mounts(inventory, pid);
	}
	if (dir)
		closedir(dir);
	free(namespaces.seen);
}
