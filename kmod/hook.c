// SPDX-License-Identifier: GPL-2.0-only
/* What programs of cgroup/connect4 and connect6 may ask for. They run with the socket's lock held. */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/filter.h>
#include <linux/module.h>
#include <net/tcp.h>

#include "counters.h"
#include "deferral.h"
#include "hook.h"

/*
 * Not the kernel's own sockets: who uses them waits for the connection. A connect() by sendto(MSG_FASTOPEN), or one that
 * TCP Fast Open defers itself, has its data elsewhere.
 */
static bool is_deferrable(const struct sock *sk)
{
	const struct tcp_sock *tp;

	if (sk->sk_type != SOCK_STREAM || sk->sk_protocol != IPPROTO_TCP || sk->sk_state != TCP_CLOSE ||
	    sk->sk_kern_sock)
		return false;
	tp = tcp_sk(sk);
	return !tp->fastopen_req && !tp->fastopen_connect && !tp->repair;
}

__bpf_kfunc_start_defs();

__bpf_kfunc int undermesh_defer(struct bpf_sock_addr *context, u32 grace_ms, u32 tag)
{
	struct bpf_sock_addr_kern *kernel = (struct bpf_sock_addr_kern *)context;
	struct sock *sk = kernel->sk;
	union address asked = {};
	int error = -EOPNOTSUPP;

	if (is_deferrable(sk)) {
		memcpy(&asked, kernel->uaddr,
		       sk->sk_family == AF_INET6 && kernel->uaddr->sa_family == AF_INET6 ? sizeof(asked.v6)
											 : sizeof(asked.v4));
		error = deferral_arm(sk, &asked, grace_ms, tag);
	}
	if (error)
		count(sk, COUNT_NOT_DEFERRED);
	return error;
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(hook_kfuncs)
BTF_ID_FLAGS(func, undermesh_defer)
BTF_KFUNCS_END(hook_kfuncs)

/* All types of cgroup programs share what is registered for one of them. */
static int hook_filter(const struct bpf_prog *program, u32 function)
{
	if (!btf_id_set8_contains(&hook_kfuncs, function))
		return 0;
	if (program->type == BPF_PROG_TYPE_CGROUP_SOCK_ADDR &&
	    (program->expected_attach_type == BPF_CGROUP_INET4_CONNECT ||
	     program->expected_attach_type == BPF_CGROUP_INET6_CONNECT))
		return 0;
	return -EACCES;
}

static const struct btf_kfunc_id_set hook_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &hook_kfuncs,
	.filter = hook_filter,
};

int hook_init(void)
{
	return register_btf_kfunc_id_set(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, &hook_kfunc_set);
}
