/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * Which process uses a socket.
 *
 * `current` at a device is often a stranger: the softirq that sends a SYN-ACK runs on whatever task was interrupted. So it
 * counts only where it must be right: in connect() (inet_sock_set_state to SYN_SENT), where data is copied to whoever reads
 * (skb_copy_datagram_iovec, or consume_skb in skb_consume_udp), and at any place if the socket is among its open files: then it is a user of the socket, be it
 * in a system call or interrupted. Of sockets whose packets nobody follows only connects are noted, because the SYN leaves
 * before anybody could know that it will be followed.
 *
 * No tap sits in the way of each send and receive for this: sock_send_length and sock_recv_length would cost every packet.
 */
#ifndef TRACER_PROCESS_BPF_H
#define TRACER_PROCESS_BPF_H

#include "maps.bpf.h"

#define PF_KTHREAD 0x00200000
#define SOCKET_BUCKETS 1024
#define FILES_BATCH 8  /* divides every size of a table of open files; Linux 6.1 has no stack for more of them at a device */
#define FILES_MAX 1024 /* open files looked through */
#define TRIES_MAX 16   /* packets of a socket at which its process is looked for */

struct socket_bucket {
	u64 sk[4];
	u64 inode[4];  /* of the socket's file: tells a socket from the next one at the same address */
	u32 pid[4];    /* last process reported of it; 0 = none yet */
	u32 tries[4];
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

/* As a number to hash: the verifier allows no arithmetic on a pointer, a read of the stack slot that holds it does. */
static __always_inline u64 sk_number(struct sock *sk)
{
	struct sock *held = sk;
	u64 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), &held);
	return number;
}

/* The socket's place in its bucket; the oldest is forgotten for a new one, which costs one report. */
static __always_inline u32 socket_way(struct socket_bucket *b, u64 sk)
{
#pragma unroll
	for (u32 i = 0; i < 4; i++)
		if (b->sk[i] == sk)
			return i;
#pragma unroll
	for (int i = 3; i > 0; i--) {
		b->sk[i] = b->sk[i - 1];
		b->inode[i] = b->inode[i - 1];
		b->pid[i] = b->pid[i - 1];
		b->tries[i] = b->tries[i - 1];
	}
	b->inode[0] = 0;
	b->pid[0] = 0;
	b->tries[0] = 0;
	b->sk[0] = sk;
	return 0;
}

/* pid 0: not known from now on. */
static __always_inline void report_process(struct sock *sk, u64 number, u32 pid, u64 time_ns)
{
	struct process p = {.frame = {.len = sizeof(p), .type = FRAME_PROCESS}};

	p.time_ns = time_ns;
	p.sk = number;
	p.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, net_cookie);
	p.pid = pid;
	p.cpu = bpf_get_smp_processor_id();
	if (pid)
		bpf_get_current_comm(p.comm, sizeof(p.comm));
	if (bpf_ringbuf_output(&ring, &p, sizeof(p), BPF_RB_NO_WAKEUP)) {
		struct counters *count = counters_of();

		if (!count)
			return;
		count->lost[TAP_PROCESS]++;
		count->lost_ns[TAP_PROCESS] = p.time_ns;
	}
}

static __always_inline bool is_process(struct task_struct *task)
{
	return !(BPF_CORE_READ(task, flags) & PF_KTHREAD);
}

/* Of an event without a device: whoever is running. */
static __always_inline void note_current(struct event *e)
{
	if (!is_process((void *)bpf_get_current_task()))
		return;
	e->reason = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(e->dev, sizeof(e->dev));
}

/* A function of its own: it runs a few times a socket. */
__weak __noinline int current_has_open(u64 file)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	u32 count = BPF_CORE_READ(table, max_fds);
	struct file **files = BPF_CORE_READ(table, fd);
	u64 batch[FILES_BATCH];

	if (!file || !is_process(task))
		return false;
	for (u32 at = 0; at < FILES_MAX; at += FILES_BATCH) {
		if (at >= count || bpf_probe_read_kernel(batch, sizeof(batch), files + at))
			return false;
#pragma unroll
		for (u32 i = 0; i < FILES_BATCH; i++)
			if (batch[i] == file)
				return true;
	}
	return false;
}

/* The same socket as before? If another one has its address now, what was known of the address is void, and is said to be. */
static __always_inline void renew_socket(struct socket_bucket *b, u32 way, struct sock *sk, u64 number, u64 inode,
					 u64 time_ns)
{
	if (b->inode[way & 3] == inode)
		return;
	b->inode[way & 3] = inode;
	b->tries[way & 3] = 0;
	b->pid[way & 3] = 0;
	report_process(sk, number, 0, time_ns);
}

static __always_inline u64 inode_of(struct sock *sk)
{
	struct socket_alloc *socket = (void *)BPF_CORE_READ(sk, sk_socket);

	return socket ? BPF_CORE_READ(socket, vfs_inode.i_ino) : 0;
}

/* A followed packet has got to this socket: whoever answers by it soon is its user, unless another socket has the address by then. */
__weak __noinline int socket_receives(u64 number, u64 time_ns)
{
	struct socket_bucket *b = socket_bucket_of(number);
	struct sock *sk = (void *)number;
	u64 inode = inode_of(sk);

	if (b && inode)
		renew_socket(b, socket_way(b, number) & 3, sk, number, inode, time_ns);
	return 0;
}

/* A followed packet of this socket is sent. */
__weak __noinline int socket_sends(u64 number, u64 time_ns)
{
	struct socket_bucket *b = socket_bucket_of(number);
	struct sock *sk = (void *)number;
	u64 inode = inode_of(sk);
	u32 way, pid;

	if (!b || !inode)
		return 0;
	way = socket_way(b, number) & 3;
	renew_socket(b, way, sk, number, inode, time_ns);
	if (b->pid[way] || b->tries[way] >= TRIES_MAX)
		return 0;
	b->tries[way]++;
	if (!current_has_open((u64)BPF_CORE_READ(sk, sk_socket, file)))
		return 0;
	pid = bpf_get_current_pid_tgid() >> 32;
	b->pid[way] = pid;
	report_process(sk, number, pid, time_ns);
	return 0;
}

/* In a system call on this socket: `current` is its user. */
__weak __noinline int socket_is_used(u64 number, u64 time_ns)
{
	struct socket_bucket *b = socket_bucket_of(number);
	struct sock *sk = (void *)number;
	u64 inode = inode_of(sk);
	u32 way, pid;

	if (!b || !is_process((void *)bpf_get_current_task()))
		return 0;
	way = socket_way(b, number) & 3;
	pid = bpf_get_current_pid_tgid() >> 32;
	if (b->pid[way] == pid && b->inode[way] == inode)
		return 0;
	b->inode[way] = inode;
	b->pid[way] = pid;
	report_process(sk, number, pid, time_ns);
	return 0;
}

#endif
