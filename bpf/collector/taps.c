// SPDX-License-Identifier: MIT
#include "taps.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/counters.h"
#include "hooks.h"
#include "output.h"
#include "../lib/tables.h"
#include "symbols.h"
#include "tracer.skel.h"

#define BPF_PROG_TYPE_NETFILTER_ 32
#define BPF_NETFILTER_           45
#define CPUS_MAX     512
#define STATS_EVERY_NS 1000000000ULL

/* One row a program: what it is called on the outside, what the kernel must have, since when it has it. */
static const struct tap_row {
	const char *program;
	enum tap tap;
	int args;          /* that the program reads; the tracepoint must have as many */
	const char *since; /* it has */
	bool rests;        /* of no use before a followed packet has been seen elsewhere */
} rows[] = {
	{"net_dev_queue", TAP_NET_DEV_QUEUE, 1, "5.5", false},
	{"netif_receive_skb", TAP_NETIF_RECEIVE_SKB, 1, "5.5", false},
	{"kfree_skb", TAP_KFREE_SKB, 3, "5.17", false},
	{"consume_skb", TAP_CONSUME_SKB, 1, "5.5", false},
	{"net_dev_start_xmit", TAP_NET_DEV_START_XMIT, 1, "5.5", true},
	{"skb_copy_datagram_iovec", TAP_COPY_DATAGRAM, 1, "5.5", false},
	{"napi_gro_receive_entry", TAP_GRO_ENTRY, 1, "5.5", true},
	{"napi_gro_receive_exit", TAP_GRO_EXIT, 1, "5.5", true},
	{"neigh_event_send_done", TAP_NEIGHBOUR, 2, "5.5", false},
	{"inet_sock_set_state", TAP_PROCESS, 3, "5.5", false},
	{"tcp_retransmit_skb", TAP_TCP_RETRANSMIT, 2, "5.5", false},
	{"tcp_send_reset", TAP_TCP_RESET, 3, "6.10", false},
	{"sk_data_ready", TAP_DATA_READY, 1, "6.3", true},
};

#define ROWS (sizeof(rows) / sizeof(*rows))

static struct {
	const char *netfilter_refused;
	char reason[ROWS][128];   /* why a row is not attached; "" = it is */
	struct bpf_link *link[ROWS];
	__u64 misses[ROWS];       /* recursion misses reported so far */
	__u64 lost[CPUS_MAX][TAP_MAX];
	__u64 evicted[CPUS_MAX];
	__u64 reported_ns;
	__u64 stats_ns;
	int cpus;
} state;

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN && getenv("TRACER_DEBUG") ? vfprintf(stderr, format, args) : 0;
}

static struct bpf_program *program_of(const struct tracer_bpf *bpf, size_t row)
{
	return bpf_object__find_program_by_name(bpf->obj, rows[row].program);
}

/*
 * Netfilter links exist since 6.4; before bpf_nf_link.ns_tracker (6.12) the end of a namespace that holds one can crash the
 * kernel, so there they are left alone.
 */
const char *netfilter_links_lack(const struct btf *kernel)
{
	int id = btf__find_by_name_kind(kernel, "bpf_nf_link", BTF_KIND_STRUCT);
	const struct btf_type *type = id > 0 ? btf__type_by_id(kernel, id) : NULL;

	if (!type)
		return "this kernel has no BPF netfilter links (Linux 6.4)";
	for (int i = 0; i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(kernel, btf_members(type)[i].name_off), "ns_tracker"))
			return NULL;
	return "this kernel may crash when a namespace with BPF netfilter links ends (before 6.12)";
}

/* libbpf 1.1 does not know the program type. */
static void prepare_netfilter(struct tracer_bpf *bpf, const struct btf *kernel)
{
	state.netfilter_refused = kernel ? netfilter_links_lack(kernel) : "this kernel does not describe its types";
	if (state.netfilter_refused)
		return;
	bpf_program__set_autoload(bpf->progs.netfilter_hook, true);
	bpf_program__set_type(bpf->progs.netfilter_hook, BPF_PROG_TYPE_NETFILTER_);
	bpf_program__set_expected_attach_type(bpf->progs.netfilter_hook, BPF_NETFILTER_);
}

/* Arguments of a tracepoint in this kernel; -1: it has none of that name. btf_trace_NAME is a pointer to void (void *, args…). */
static int tracepoint_args(const struct btf *kernel, const char *tracepoint)
{
	const struct btf_type *type;
	char name[64];
	int id;

	snprintf(name, sizeof(name), "btf_trace_%s", tracepoint);
	id = kernel ? btf__find_by_name_kind(kernel, name, BTF_KIND_TYPEDEF) : -1;
	if (id < 0)
		return -1;
	type = btf__type_by_id(kernel, btf__type_by_id(kernel, id)->type);
	type = type && btf_is_ptr(type) ? btf__type_by_id(kernel, type->type) : NULL;
	return type && btf_is_func_proto(type) ? btf_vlen(type) - 1 : -1;
}

/*
 * Before Linux 6.3 consume_skb does not tell who called: the program finds that on the stack, above one of these, which are all that
 * fire it there. Where the kernel hides its addresses (kptr_restrict 2) it stays unknown.
 */
static void find_callers_on_stack(struct tracer_bpf *bpf)
{
	static const struct {
		const char *name;
		bool is_location;
	} names[] = {
		{"consume_skb", false},
		{"napi_consume_skb", false},
		{"__consume_stateless_skb", false},
		{"kfree_skb_reason", false},
		{"net_tx_action", true},
	};

	bpf->rodata->consume_tells_location = false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		__u64 from, to;

		if (!symbol_range(names[i].name, &from, &to))
			continue;
		bpf->rodata->enders[i].from = from;
		bpf->rodata->enders[i].to = to;
		bpf->rodata->enders[i].is_location = names[i].is_location;
	}
}

/* Leaves out the programs whose tracepoint this kernel lacks or has with less, so that one missing does not refuse all. */
static void fit_kernel(struct tracer_bpf *bpf, const struct taps_options *options, int with_netfilter)
{
	struct btf *kernel = btf__load_vmlinux_btf();

	for (size_t i = 0; i < ROWS; i++) {
		int args = tracepoint_args(kernel, rows[i].program);

		if (args >= rows[i].args)
			continue;
		bpf_program__set_autoload(program_of(bpf, i), false);
		snprintf(state.reason[i], sizeof(state.reason[i]), "this kernel's tracepoint %s %s (Linux %s)",
			 rows[i].program, args < 0 ? "does not exist" : "tells too little", rows[i].since);
	}
	if (options->location_by_stack || tracepoint_args(kernel, "consume_skb") == 1)
		find_callers_on_stack(bpf);
	bpf->rodata->retransmit_tells_error = tracepoint_args(kernel, "tcp_retransmit_skb") > 2;
	bpf->rodata->has_rdonly_cast = btf__find_by_name_kind(kernel, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	bpf_program__set_autoload(bpf->progs.netfilter_hook, false);
	if (with_netfilter)
		prepare_netfilter(bpf, kernel);
	btf__free(kernel);
}

static int attach_all(struct tracer_bpf *bpf)
{
	int attached = 0;

	for (size_t i = 0; i < ROWS; i++) {
		if (state.reason[i][0])
			continue;
		state.link[i] = bpf_program__attach(program_of(bpf, i));
		if (state.link[i]) {
			attached++;
			continue;
		}
		snprintf(state.reason[i], sizeof(state.reason[i]), "attach refused: %s", strerror(errno));
	}
	return attached;
}

/* NULL with *err set; `with_netfilter` is cleared where the kernel has no such links anyway. */
static struct tracer_bpf *load(const struct taps_options *options, int *with_netfilter, int *err)
{
	struct tracer_bpf *bpf = tracer_bpf__open();

	*err = -errno;
	if (!bpf)
		return NULL;
	bpf_map__set_max_entries(bpf->maps.ring, options->ring_bytes);
	bpf->rodata->wakeup_bytes = options->ring_bytes / 4;
	bpf->rodata->check_fingerprint = !options->without_fingerprint;
	bpf->rodata->check_birth = !options->without_birth;
	bpf->rodata->may_leave_out = !options->without_sampling;
	fit_kernel(bpf, options, *with_netfilter);
	*with_netfilter = bpf_program__autoload(bpf->progs.netfilter_hook);
	*err = tracer_bpf__load(bpf);
	if (!*err)
		return bpf;
	tracer_bpf__destroy(bpf);
	return NULL;
}

struct tracer_bpf *taps_open(const struct taps_options *options)
{
	int with_netfilter = 1, err;
	struct tracer_bpf *bpf;

	libbpf_set_print(quiet);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	state.cpus = libbpf_num_possible_cpus();
	if (state.cpus < 1 || state.cpus > CPUS_MAX) {
		fprintf(stderr, "cannot tell the number of CPUs (or more than %d)\n", CPUS_MAX);
		return NULL;
	}
	bpf = load(options, &with_netfilter, &err);
	if (!bpf && with_netfilter) { /* one kind of program that is refused must not refuse all */
		with_netfilter = 0;
		bpf = load(options, &with_netfilter, &err);
		state.netfilter_refused = "the kernel refused the program";
	}
	if (!bpf) {
		fprintf(stderr, "the kernel refused the eBPF programs: %s%s\n", strerror(-err),
			err == -EPERM ? " (are you root, or is the kernel locked down?)" : "");
		return NULL;
	}
	if (!attach_all(bpf)) {
		fprintf(stderr, "no tap could be attached: %s\n", state.reason[0]);
		tracer_bpf__destroy(bpf);
		return NULL;
	}
	hooks_init(bpf_program__fd(bpf->progs.netfilter_hook), state.netfilter_refused);
	return bpf;
}

/* An empty program costs each packet of the host as well: these three some 4 % of the packets a second. */
void taps_rest(struct tracer_bpf *bpf, bool rest)
{
	bpf->bss->none_on_its_way = rest;
	for (size_t i = 0; i < ROWS; i++) {
		if (!rows[i].rests || state.reason[i][0] || !state.link[i] == rest)
			continue;
		if (rest) {
			bpf_link__destroy(state.link[i]);
			state.link[i] = NULL;
		} else {
			state.link[i] = bpf_program__attach(program_of(bpf, i));
		}
	}
}

void taps_close(struct tracer_bpf *bpf)
{
	for (size_t i = 0; i < ROWS; i++)
		bpf_link__destroy(state.link[i]);
	tracer_bpf__destroy(bpf);
}

int taps_ring(const struct tracer_bpf *bpf)
{
	return bpf_map__fd(bpf->maps.ring);
}

char *taps_json(void)
{
	size_t len;
	char *text;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	fputs("\"taps\":[", out);
	for (size_t i = 0; i < ROWS; i++) {
		fprintf(out, "%s{\"name\":\"%s\",\"tap\":%d,\"mechanism\":\"tp_btf\",\"state\":\"%s\"", i ? "," : "",
			rows[i].program, rows[i].tap, state.reason[i][0] ? "refused" : "on");
		if (state.reason[i][0])
			fprintf(out, ",\"reason\":\"%s\"", state.reason[i]);
		fputc('}', out);
	}
	fprintf(out, ",{\"name\":\"netfilter_hook\",\"tap\":%d,\"mechanism\":\"netfilter link\",\"state\":\"%s\"", TAP_NETFILTER,
		hooks_refused() ? "refused" : "on");
	if (hooks_refused())
		fprintf(out, ",\"reason\":\"%s\"", hooks_refused());
	fputs("}]", out);
	fclose(out);
	return text;
}

void taps_filter(struct tracer_bpf *bpf, const struct filter *filter)
{
	__u32 idle = !bpf->bss->filter_in_force;

	memcpy(&bpf->bss->filters[idle], filter, sizeof(*filter));
	bpf->bss->filters[idle].by_address = !filter->has_netns && !filter->prefix_count;
	__atomic_store_n(&bpf->bss->filter_in_force, idle, __ATOMIC_RELEASE);
}

void taps_forget(struct tracer_bpf *bpf)
{
	const struct learned_bucket nothing = {};
	int fd = bpf_map__fd(bpf->maps.learned);

	for (__u32 i = 0; i < LEARNED_BUCKETS; i++)
		bpf_map_update_elem(fd, &i, &nothing, BPF_ANY);
	memset(&bpf->bss->learned_marks, 0, sizeof(bpf->bss->learned_marks));
}

void taps_reader_sleeps(struct tracer_bpf *bpf, bool sleeps)
{
	bpf->bss->reader_sleeps = sleeps;
}

static void report(__u32 tap, __u32 cpu, __u64 count, __u32 cause, __u64 to_ns)
{
	struct loss loss = {
		.frame = {.len = sizeof(loss), .type = FRAME_LOSS},
		.from_ns = state.reported_ns,
		.to_ns = to_ns,
		.tap = tap,
		.cpu = cpu,
		.count = count,
		.cause = cause,
	};

	output_frame(&loss, sizeof(loss));
}

/* The counters of this kernel are per CPU in the map, and summed over CPUs for recursion, where the CPU is not known. */
static void losses_of_programs(struct tracer_bpf *bpf, __u64 now_ns)
{
	for (size_t i = 0; i < ROWS; i++) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		if (state.reason[i][0] || bpf_obj_get_info_by_fd(bpf_program__fd(program_of(bpf, i)), &info, &len))
			continue;
		if (info.recursion_misses > state.misses[i])
			report(rows[i].tap, ~0U, info.recursion_misses - state.misses[i], LOSS_RECURSION, now_ns);
		state.misses[i] = info.recursion_misses;
	}
}

/* `seen` = events of what is followed or would be; less `own`, `sampled` and `lost` = events that came out of the ring, once it is empty. */
static void stats(const struct counters *all, __u64 now_ns, int last)
{
	__u64 seen = 0, lost = 0;
	struct counters sum = {};

	if (!last && now_ns - state.stats_ns < STATS_EVERY_NS)
		return;
	state.stats_ns = now_ns;
	for (int cpu = 0; cpu < state.cpus; cpu++) {
		sum.learned += all[cpu].learned;
		sum.learned_evicted += all[cpu].learned_evicted;
		sum.state_evicted += all[cpu].state_evicted;
		sum.own += all[cpu].own;
		sum.left_out += all[cpu].left_out;
		for (int tap = 0; tap < TAP_MAX; tap++) {
			if (tap == TAP_PROCESS) /* its records are no events */
				continue;
			seen += all[cpu].seen[tap];
			lost += all[cpu].lost[tap];
		}
	}
	output_jsonf(FRAME_STATS,
		     "{\"timeNs\":\"%llu\",\"seen\":%llu,\"lost\":%llu,\"own\":%llu,\"sampled\":%llu,\"learned\":%llu,"
		     "\"learnedEvicted\":%llu,\"stateEvicted\":%llu}",
		     now_ns, seen + sum.own + sum.left_out, lost, sum.own, sum.left_out, sum.learned, sum.learned_evicted, sum.state_evicted);
}

void taps_losses(struct tracer_bpf *bpf, __u64 now_ns, int last)
{
	static struct counters all[CPUS_MAX];
	__u32 zero = 0;

	if (!bpf_map_lookup_elem(bpf_map__fd(bpf->maps.counters), &zero, all)) {
		for (int cpu = 0; cpu < state.cpus; cpu++) {
			for (int tap = 0; tap < TAP_MAX; tap++) {
				__u64 fresh = all[cpu].lost[tap] - state.lost[cpu][tap];

				if (fresh)
					report(tap, cpu, fresh, LOSS_RING, all[cpu].lost_ns[tap]);
				state.lost[cpu][tap] = all[cpu].lost[tap];
			}
			if (all[cpu].state_evicted != state.evicted[cpu])
				report(0, cpu, all[cpu].state_evicted - state.evicted[cpu], LOSS_MAP, now_ns);
			state.evicted[cpu] = all[cpu].state_evicted;
		}
		stats(all, now_ns, last);
	}
	losses_of_programs(bpf, now_ns);
	state.reported_ns = now_ns;
}
