// SPDX-License-Identifier: MIT
#include "symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct symbol {
	__u64 address;
	char *name;
};

static struct {
	int loaded;
	size_t count;
	struct symbol *all; /* text symbols by address */
	__u64 asked[1024];  /* open addressing; addresses that were looked up */
} table;

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

static void load(void)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	size_t room = 0;
	char line[512];

	table.loaded = 1;
	while (file && fgets(line, sizeof(line), file)) {
		char name[256], type;
		unsigned long long address;

		if (sscanf(line, "%llx %c %255s", &address, &type, name) != 3 || !address || !strchr("tTwW", type))
			continue;
		if (table.count == room) {
			struct symbol *more = realloc(table.all, (room = room ? room * 2 : 65536) * sizeof(*more));

			if (!more)
				break;
			table.all = more;
		}
		name[strcspn(name, ".")] = 0;
		table.all[table.count++] = (struct symbol){address, strdup(name)};
	}
	if (file)
		fclose(file);
	qsort(table.all, table.count, sizeof(*table.all), by_address);
}

static int is_fresh(__u64 address)
{
	size_t size = sizeof(table.asked) / sizeof(*table.asked);
	size_t i = (address * 0x9e3779b97f4a7c15ULL) >> 54;

	for (size_t n = 0; n < size; n++, i = (i + 1) % size) {
		if (table.asked[i] == address)
			return 0;
		if (table.asked[i])
			continue;
		table.asked[i] = address;
		return 1;
	}
	return 0;
}

const char *symbol_name(__u64 address, int *fresh)
{
	size_t low = 0, high;

	*fresh = is_fresh(address);
	if (!*fresh)
		return NULL;
	if (!table.loaded)
		load();
	high = table.count;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (table.all[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? table.all[low - 1].name : NULL;
}

bool symbol_range(const char *name, __u64 *from, __u64 *to)
{
	if (!table.loaded)
		load();
	for (size_t i = 0; i + 1 < table.count; i++) {
		if (strcmp(table.all[i].name, name))
			continue;
		*from = table.all[i].address;
		while (i + 1 < table.count && table.all[i].address == *from)
			i++;
		*to = table.all[i].address;
		return *to > *from;
	}
	return false;
}
