// SPDX-License-Identifier: MIT
/*
 * What the host calls its namespaces: files that `ip netns` and Docker bind-mount.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "inventory-state.h"

static const char *const directories[] = { "/run/netns", "/run/docker/netns" };
#define DIRECTORIES (sizeof(directories) / sizeof(*directories))

void names_each(struct inventory *inventory, netns_visit visit)
{
	for (size_t i = 0; i < DIRECTORIES; i++) {
		DIR *dir = opendir(directories[i]);
		struct dirent *entry;
		char path[512];
		struct stat facts;

		while (dir && (entry = readdir(dir))) {
			if (entry->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", directories[i], entry->d_name);
			/* `ip netns add` makes the file first and mounts the namespace on it later. */
			if (stat(path, &facts) == 0 && facts.st_dev == inventory->nsfs_dev)
				visit(inventory, path, (uint32_t)facts.st_ino);
		}
		if (dir)
			closedir(dir);
	}
}

static void collect(struct inventory *inventory, const char *path, uint32_t inode)
{
	struct netns *netns = netns_with_inode(inventory, inode);
	struct name *name;

	/* Docker's name for the host's own namespace is not one that anybody uses. */
	if (!netns || strcmp(path, "/run/docker/netns/default") == 0)
		return;
	ways_offer(inventory, netns, path);
	inventory->names = grown(inventory->names, (inventory->name_count + 1) * sizeof(*name));
	name = &inventory->names[inventory->name_count++];
	name->inode = inode;
	snprintf(name->name, sizeof(name->name), "%s", strrchr(path, '/') + 1);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->name, ((const struct name *)b)->name);
}

/* Making and removing a name changes the directory; mounting onto it does not, hence `again`. */
static uint64_t directories_mark(void)
{
	uint64_t mark = 0;

	for (size_t i = 0; i < DIRECTORIES; i++) {
		struct stat facts;

		if (stat(directories[i], &facts) == 0)
			mark = mark * 31 + facts.st_ino + facts.st_mtim.tv_sec * 1000000000ULL + facts.st_mtim.tv_nsec;
	}
	return mark;
}

bool names_scan(struct inventory *inventory, bool again)
{
	uint64_t mark = directories_mark();

	if (!again && mark == inventory->names_mark)
		return false;
	inventory->names_mark = mark;
	inventory->name_count = 0;
	names_each(inventory, collect);
	if (inventory->name_count)
		qsort(inventory->names, inventory->name_count, sizeof(*inventory->names), by_name);
	for (size_t i = 0; i < inventory->count; i++)
		text_clear(&inventory->list[i]->names);
	for (size_t i = 0; i < inventory->name_count; i++) {
		struct netns *netns = netns_with_inode(inventory, inventory->names[i].inode);

		text_comma(&netns->names);
		text_string(&netns->names, inventory->names[i].name);
	}
	return true;
}
