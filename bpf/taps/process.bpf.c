// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* connect(), where a socket's process is certain: lib/process.bpf.h says why that is rare. */
#include "../lib/process.bpf.h"

#define TCP_SYN_SENT 2

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(inet_sock_set_state, struct sock *sk, int old_state, int new_state)
{
	if (new_state != TCP_SYN_SENT || !filter_current())
		return 0;
	return socket_is_used(sk_number(sk), bpf_ktime_get_ns());
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
