/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * Which process uses a socket.
 *
 * `current` at a device is often a stranger: the softirq that sends a SYN-ACK runs on whatever task was interrupted. So a
 * socket's process is learned only inside a system call on that socket: connect() (inet_sock_set_state to SYN_SENT), and
 * send and receive (sock_send_length, sock_recv_length; Linux 6.3). Sockets whose packets are followed are watched; of the rest
 * only connects are noted, because the SYN leaves before anybody could know that it will be followed.
 */
#ifndef TRACER_PROCESS_BPF_H
#define TRACER_PROCESS_BPF_H

#include "maps.bpf.h"

#define PF_KTHREAD 0x00200000
#define SOCKET_BUCKETS 1024

struct socket_bucket {
	u64 sk[4];
	u32 pid[4]; /* last process reported of it; 0 = none yet */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SOCKET_BUCKETS);
	__type(key, u32);
	__type(value, struct socket_bucket);
} sockets SEC(".maps") __weak;

static __always_inline struct socket_bucket *socket_bucket_of(u64 sk)
{
	u32 index = (mix64(sk) >> 16) & (SOCKET_BUCKETS - 1);

	return bpf_map_lookup_elem(&sockets, &index);
}

/* Marks a socket whose process somebody wants to know. The oldest of its bucket is forgotten, which costs one report. */
static __always_inline void watch_socket(u64 sk)
{
	struct socket_bucket *b = socket_bucket_of(sk);

	if (!b || b->sk[0] == sk || b->sk[1] == sk || b->sk[2] == sk || b->sk[3] == sk)
		return;
#pragma unroll
	for (int i = 3; i > 0; i--) {
		b->sk[i] = b->sk[i - 1];
		b->pid[i] = b->pid[i - 1];
	}
	b->pid[0] = 0;
	b->sk[0] = sk;
}

static __always_inline void report_process(struct sock *sk, u32 pid)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct process p = {.frame = {.len = sizeof(p), .type = FRAME_PROCESS}};

	if (BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return;
	p.time_ns = bpf_ktime_get_ns();
	p.sk = (u64)sk;
	p.netns = sk->__sk_common.skc_net.net->net_cookie;
	p.pid = pid;
	p.cpu = bpf_get_smp_processor_id();
	bpf_get_current_comm(p.comm, sizeof(p.comm));
	if (bpf_ringbuf_output(&ring, &p, sizeof(p), BPF_RB_NO_WAKEUP)) {
		struct counters *count = counters_of();

		if (!count)
			return;
		count->lost[TAP_PROCESS]++;
		count->lost_ns[TAP_PROCESS] = p.time_ns;
	}
}

#endif
