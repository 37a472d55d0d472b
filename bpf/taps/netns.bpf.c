// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Lists every network namespace of the machine, and for each a number that changes when its inside does.
 *
 * Not attached to anything: the inventory runs it (BPF_PROG_TEST_RUN) many times a second. A raw tracepoint program is
 * run under rcu_read_lock() (net/bpf/test_run.c, __bpf_prog_test_run_raw_tp, 5.10), which a SEC("syscall") program is
 * not, and both lists walked here are RCU lists whose members outlive a grace period (cleanup_net, unlist_netdevice).
 *
 * `net_namespace_list` itself has no address that a program can name (data symbols are not in kallsyms without
 * CONFIG_KALLSYMS_ALL), so the walk goes once around the ring from the caller's own namespace. The one member that is
 * no `struct net` is the list's head, told by `ns.ops`: every real one points at the same operations as our own.
 *
 * What it cannot see: neighbour tables, forwarding databases, the settings of a tunnel. These are re-read by time.
 */
#include "netns-kernel.h"
#include "netns-row.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define RING_MAX (NETNS_ROWS_MAX * 2)
#define DEVICES_MAX 16384

struct netns_walk walk;

struct ring {
	struct list_head *at;
	struct list_head *start;
	const void *ops;
};

struct devices {
	struct list_head *at;
	struct list_head *head;
	__u64 mix;
};

static __always_inline __u64 mixed(__u64 mix, __u64 value)
{
	mix = (mix ^ value) * 0x9e3779b97f4a7c15ULL;
	return mix ^ (mix >> 29);
}

static __always_inline __u64 operstate_of(struct net_device *dev)
{
	struct net_device___byte_operstate *older = (void *)dev;

	if (bpf_core_field_size(dev->operstate) == 1)
		return BPF_CORE_READ(older, operstate);
	return BPF_CORE_READ(dev, operstate);
}

static long add_device(__u32 index, struct devices *devices)
{
	struct net_device *dev;
	__u64 words[2] = {};
	__u64 mix = devices->mix;

	if (!devices->at || devices->at == devices->head)
		return 1;
	dev = (void *)devices->at - bpf_core_field_offset(struct net_device, dev_list);

	bpf_core_read(words, sizeof(words), &dev->name);
	mix = mixed(mixed(mix, words[0]), words[1]);
	words[0] = 0;
	bpf_probe_read_kernel(words, 6, BPF_CORE_READ(dev, dev_addr));
	mix = mixed(mix, words[0]);
	mix = mixed(mix, BPF_CORE_READ(dev, ifindex) | (__u64)BPF_CORE_READ(dev, flags) << 32);
	mix = mixed(mix, BPF_CORE_READ(dev, mtu) | operstate_of(dev) << 32);
	/* Bit __LINK_STATE_NOCARRIER (2); others change with traffic. */
	mix = mixed(mix, BPF_CORE_READ(dev, state) & 4);
	/* A bridge port's `struct net_bridge_port`: joining a bridge changes no counter. */
	mix = mixed(mix, (__u64)BPF_CORE_READ(dev, rx_handler_data));

	devices->mix = mix;
	devices->at = BPF_CORE_READ(dev, dev_list.next);
	return 0;
}

static __always_inline __u64 counters_of(struct net *net)
{
	__u64 mix = BPF_CORE_READ(net, dev_base_seq);

	if (bpf_core_field_exists(net->ipv4.dev_addr_genid))
		mix = mixed(mix, BPF_CORE_READ(net, ipv4.dev_addr_genid.counter));
	if (bpf_core_field_exists(net->ipv4.fib_seq))
		mix = mixed(mix, BPF_CORE_READ(net, ipv4.fib_seq));
	if (bpf_core_field_exists(net->ipv6.dev_addr_genid))
		mix = mixed(mix, BPF_CORE_READ(net, ipv6.dev_addr_genid.counter));
	if (bpf_core_field_exists(net->ipv6.fib6_sernum))
		mix = mixed(mix, BPF_CORE_READ(net, ipv6.fib6_sernum.counter));
	if (bpf_core_field_exists(net->nexthop.seq))
		mix = mixed(mix, BPF_CORE_READ(net, nexthop.seq));
	return mixed(mix, BPF_CORE_READ(net, ipv4.devconf_all, data[0]));
}

static __always_inline __u32 refcount_of(struct net *net)
{
	struct ns_common___6_18 *renamed = (void *)&net->ns;

	if (bpf_core_field_exists(renamed->__ns_ref))
		return BPF_CORE_READ(renamed, __ns_ref.refs.counter);
	if (bpf_core_field_exists(net->ns.count))
		return BPF_CORE_READ(net, ns.count.refs.counter);
	return 1;
}

static __always_inline void add_net(struct net *net)
{
	struct devices devices = { .mix = counters_of(net) };
	__u32 index = walk.count;

	if (index >= NETNS_ROWS_MAX) {
		walk.beyond++;
		return;
	}
	devices.head = (void *)net + bpf_core_field_offset(struct net, dev_base_head);
	devices.at = BPF_CORE_READ(net, dev_base_head.next);
	bpf_loop(DEVICES_MAX, add_device, &devices, 0);

	walk.rows[index].cookie = BPF_CORE_READ(net, net_cookie);
	walk.rows[index].changes = devices.mix;
	walk.rows[index].inode = BPF_CORE_READ(net, ns.inum);
	walk.rows[index].refcount = refcount_of(net);
	walk.count = index + 1;
}

static long add_member(__u32 index, struct ring *ring)
{
	struct list_head *at = ring->at;
	struct net *net;

	if (!at)
		return 1;
	net = (void *)at - bpf_core_field_offset(struct net, list);
	if (BPF_CORE_READ(net, ns.ops) == ring->ops)
		add_net(net);
	ring->at = BPF_CORE_READ(at, next);
	return ring->at == ring->start;
}

SEC("raw_tp")
int walk_netns(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct net *own = BPF_CORE_READ(task, nsproxy, net_ns);
	struct ring ring = {
		.start = (void *)own + bpf_core_field_offset(struct net, list),
		.ops = BPF_CORE_READ(own, ns.ops),
	};

	walk.count = 0;
	walk.beyond = 0;
	ring.at = ring.start;
	bpf_loop(RING_MAX, add_member, &ring, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
