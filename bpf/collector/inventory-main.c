// SPDX-License-Identifier: MIT
/*
 * The inventory alone, for tests and for looking: frames to stdout, a line each, until stdin closes. With --once it ends
 * after the first look, with --proc it does without BPF.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inventory.h"
#include "inventory-text.h"

static void print(void *ctx, const char *json, size_t len)
{
	(void)ctx;
	fwrite(json, 1, len, stdout);
	fputc('\n', stdout);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct inventory *inventory;
	int result;
	char byte;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--proc") == 0)
			setenv("TRACER_INVENTORY_PROC", "1", 1);
	inventory = inventory_start(print, NULL);
	if (!inventory) {
		perror("inventory");
		return 1;
	}
	result = inventory_wait_first(inventory, 10000);
	fprintf(stderr, "%s\n", result ? strerror(-result) : inventory_how(inventory));
	if (argc < 2 || strcmp(argv[argc - 1], "--once") != 0)
		while (read(STDIN_FILENO, &byte, 1) > 0)
			inventory_poke(inventory);
	inventory_stop(inventory);
	return result ? 1 : 0;
}
