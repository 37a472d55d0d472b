// SPDX-License-Identifier: MIT
/*
 * What a kernel is said to have and what it lets one do differ: a build without it, lockdown, a security module, a container. So
 * everything is tried. `unknown` is what the caller's own rights hide: with more of them it may be there.
 */
#include "mechanisms.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "taps.h"

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif
#define PROG_TYPE_NETFILTER 32 /* libbpf 1.1 does not know them */
#define ATTACH_NETFILTER    45
#define SOME_TRACEPOINT     "btf_trace_net_dev_queue"
#define SOME_FUNCTION       "consume_skb" /* of every kernel, and never inlined: modules call it */

static struct {
	struct btf *kernel;
	__u64 capabilities; /* effective, of this process */
	bool is_contained;  /* in a user namespace of its own: then they are worth nothing here */
	int count;
} self;

static bool may(int capability)
{
	return self.capabilities >> capability & 1;
}

static void read_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {};

	if (!syscall(SYS_capget, &header, data))
		self.capabilities = data[0].effective | (__u64)data[1].effective << 32;
}

/* The initial one maps every user to itself. */
static void read_user_namespace(void)
{
	FILE *map = fopen("/proc/self/uid_map", "re");
	unsigned long inside, outside, count;

	if (!map)
		return;
	self.is_contained = fscanf(map, "%lu %lu %lu", &inside, &outside, &count) != 3 || inside || outside || count != 0xffffffff;
	fclose(map);
}

/* `failed`: an errno; 0 = it works. `lack`: said in place of it. */
static void tell(const char *name, int failed, const char *lack)
{
	bool has_rights = !self.is_contained && (may(CAP_SYS_ADMIN) || (may(CAP_BPF) && may(CAP_PERFMON)));
	const char *state = !failed && !lack ? "yes" : !lack && failed == EPERM && !has_rights ? "unknown" : "no";

	printf("%s{\"name\":\"%s\",\"state\":\"%s\"", self.count++ ? "," : "", name, state);
	if (lack)
		printf(",\"reason\":\"%s\"", lack);
	else if (failed && has_rights)
		printf(",\"reason\":\"this kernel refuses it: %s\"", strerror(failed));
	else if (failed)
		printf(",\"reason\":\"needs CAP_BPF and CAP_PERFMON%s\"", self.is_contained ? " of the host" : "");
	putchar('}');
}

static int load_nothing(enum bpf_prog_type type, int attach_type, __u32 btf_id)
{
	const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = type == PROG_TYPE_NETFILTER},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = attach_type, .attach_btf_id = btf_id);

	return bpf_prog_load(type, NULL, "GPL", nothing, sizeof(nothing) / sizeof(*nothing), &options);
}

static void try_ring(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, NULL, 0, 0, getpagesize(), NULL);

	tell("ring buffer", fd < 0 ? errno : 0, fd < 0 && errno == EINVAL ? "this kernel has none (Linux 5.8)" : NULL);
	close(fd);
}

/* Programs that are given typed arguments: of tracepoints, of functions at their beginning and at their end. */
static void try_tracing(const char *name, int attach_type, int kind, const char *target)
{
	int id = self.kernel ? btf__find_by_name_kind(self.kernel, target, kind) : -1, program, link;

	if (id < 0) {
		tell(name, 0, self.kernel ? "this kernel does not describe the types of it" : "needs BTF");
		return;
	}
	program = load_nothing(BPF_PROG_TYPE_TRACING, attach_type, id);
	if (program < 0) {
		tell(name, errno, NULL);
		return;
	}
	link = bpf_raw_tracepoint_open(NULL, program);
	tell(name, link < 0 ? errno : 0, NULL);
	close(link);
	close(program);
}

static int kprobe_type(void)
{
	FILE *file = fopen("/sys/bus/event_source/devices/kprobe/type", "re");
	int type = -1;

	if (file && fscanf(file, "%d", &type) != 1)
		type = -1;
	if (file)
		fclose(file);
	return type;
}

static void try_kprobe(void)
{
	struct perf_event_attr attr = {.size = sizeof(attr), .config1 = (__u64)(unsigned long)SOME_FUNCTION};
	int type = kprobe_type(), program, event;

	if (type < 0) {
		tell("kprobe", 0, "this kernel has none (CONFIG_KPROBE_EVENTS)");
		return;
	}
	program = load_nothing(BPF_PROG_TYPE_KPROBE, 0, 0);
	if (program < 0) {
		tell("kprobe", errno, NULL);
		return;
	}
	attr.type = type;
	event = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	tell("kprobe", event < 0 || ioctl(event, PERF_EVENT_IOC_SET_BPF, program) ? errno : 0, NULL);
	close(event);
	close(program);
}

static void try_netfilter(void)
{
	const char *lack = self.kernel ? netfilter_links_lack(self.kernel) : "needs BTF";
	int program = lack ? -1 : load_nothing(PROG_TYPE_NETFILTER, ATTACH_NETFILTER, 0);

	tell("netfilter link", program < 0 ? errno : 0, lack);
	close(program);
}

void mechanisms_print(void)
{
	libbpf_set_print(NULL);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	read_capabilities();
	read_user_namespace();
	self.kernel = btf__load_vmlinux_btf();
	if (libbpf_get_error(self.kernel))
		self.kernel = NULL;
	printf("{\"btf\":%s,\"capabilities\":\"%llx\",\"mechanisms\":[", self.kernel ? "true" : "false",
	       self.is_contained ? 0 : self.capabilities);
	try_ring();
	try_tracing("tp_btf", BPF_TRACE_RAW_TP, BTF_KIND_TYPEDEF, SOME_TRACEPOINT);
	try_netfilter();
	try_tracing("fentry", BPF_TRACE_FENTRY, BTF_KIND_FUNC, SOME_FUNCTION);
	try_tracing("fexit", BPF_TRACE_FEXIT, BTF_KIND_FUNC, SOME_FUNCTION);
	try_kprobe();
	puts("]}");
	btf__free(self.kernel);
}
