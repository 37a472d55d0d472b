// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* System calls on sockets, to learn which process a packet's socket belongs to: lib/process.bpf.h says how and why. */
#include "../lib/process.bpf.h"

#define TCP_SYN_SENT 2

/* As a number to hash: the verifier allows no arithmetic on a pointer, a read of the stack slot that holds it does. */
static __always_inline u64 sk_number(struct sock *sk)
{
	struct sock *held = sk;
	u64 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), &held);
	return number;
}

static __always_inline int used_by_current(struct sock *pointer)
{
	struct socket_bucket *b;
	u64 sk;
	u32 pid, way;

	if (!filter_current())
		return 0;
	sk = sk_number(pointer);
	b = socket_bucket_of(sk);
	if (!b)
		return 0;
	if (b->sk[0] == sk)
		way = 0;
	else if (b->sk[1] == sk)
		way = 1;
	else if (b->sk[2] == sk)
		way = 2;
	else if (b->sk[3] == sk)
		way = 3;
	else
		return 0;
	pid = bpf_get_current_pid_tgid() >> 32;
	if (b->pid[way & 3] == pid)
		return 0;
	b->pid[way & 3] = pid;
	report_process(pointer, pid);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(inet_sock_set_state, struct sock *sk, int old_state, int new_state)
{
	if (new_state != TCP_SYN_SENT || !filter_current())
		return 0;
	watch_socket(sk_number(sk));
	report_process(sk, bpf_get_current_pid_tgid() >> 32);
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(sock_send_length, struct sock *sk)
{
	return used_by_current(sk);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(sock_recv_length, struct sock *sk)
{
	return used_by_current(sk);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
