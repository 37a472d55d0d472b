// SPDX-License-Identifier: MIT
/* The first frame: what this kernel is and has, how its numbers are called, and two clocks at one moment. */
#include "hello.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "../record.h"
#include "output.h"
#include "taps.h"

__u64 clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* "key":{number: name…} of an enumeration of this kernel; names without the first of the prefixes that fits, others are left out. */
static void enum_json(FILE *out, const struct btf *kernel, const char *key, const char *enumeration, const char *const prefixes[])
{
	int id = kernel ? btf__find_by_name_kind(kernel, enumeration, BTF_KIND_ENUM) : -1;
	const struct btf_type *type = id > 0 ? btf__type_by_id(kernel, id) : NULL;
	const struct btf_enum *value = type ? btf_enum(type) : NULL;

	fprintf(out, ",\"%s\":{", key);
	for (int i = 0, n = 0; type && i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(kernel, value[i].name_off);
		const char *const *prefix = prefixes;

		while (*prefix && strncmp(name, *prefix, strlen(*prefix)))
			prefix++;
		if (*prefix)
			fprintf(out, "%s\"%u\":\"%s\"", n++ ? "," : "", value[i].val, name + strlen(*prefix));
	}
	fputc('}', out);
}

static void reasons_json(FILE *out)
{
	static const char *const drop[] = {"SKB_DROP_REASON_", "SKB_", NULL};
	static const char *const reset[] = {"SK_RST_REASON_", NULL};
	struct btf *kernel = btf__load_vmlinux_btf();

	enum_json(out, kernel, "dropReasons", "skb_drop_reason", drop);
	enum_json(out, kernel, "resetReasons", "sk_rst_reason", reset);
	btf__free(kernel);
}

/* REALTIME − MONOTONIC, taken between two readings of the same clock; the tightest of a few. */
static void clock_json(FILE *out)
{
	__u64 best = ~0ULL, monotonic = 0, realtime = 0;

	for (int i = 0; i < 8; i++) {
		__u64 before = clock_ns(CLOCK_MONOTONIC), real = clock_ns(CLOCK_REALTIME);
		__u64 after = clock_ns(CLOCK_MONOTONIC);

		if (after - before >= best)
			continue;
		best = after - before;
		monotonic = before + best / 2;
		realtime = real;
	}
	fprintf(out, ",\"clock\":{\"monotonicNs\":\"%llu\",\"realtimeNs\":\"%llu\",\"errorNs\":%llu}", monotonic, realtime,
		best);
}

void hello(const char *inventory)
{
	struct utsname host;
	char *json, *taps = taps_json();
	size_t len;
	FILE *out = open_memstream(&json, &len);

	uname(&host);
	fprintf(out, "{\"recordVersion\":%d,\"kernel\":\"%s\",\"machine\":\"%s\",\"cpus\":%d,\"inventory\":\"%s\",%s",
		RECORD_VERSION, host.release, host.machine, libbpf_num_possible_cpus(), inventory,
		taps ? taps : "\"taps\":[]");
	clock_json(out);
	reasons_json(out);
	fputc('}', out);
	fclose(out);
	output_json(FRAME_HELLO, json, len);
	output_flush();
	free(taps);
	free(json);
}
