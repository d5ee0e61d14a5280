// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs of cgroup/connect4 and connect6 select a congestion control of ours for a moment (mailbox.h): kernels before
 * v6.9. The kernel calls it when another takes its place, with the socket's lock held, whoever selected that. It is taken
 * for a call only from within a BPF program, with a call in the mailbox of this CPU, for this socket: an application that
 * selects it has Reno.
 */
#include <linux/bpf.h>
#include <linux/module.h>
#include <net/tcp.h>

#include "hook.h"
#include "mailbox.h"
#include "router_classifier.h"

static void read_asked(union address *asked, const struct undermesh_endpoint *endpoint)
{
	memset(asked, 0, sizeof(*asked));
	if (endpoint->family == UNDERMESH_V6) {
		asked->v6.sin6_family = AF_INET6;
		asked->v6.sin6_port = (__force __be16)endpoint->port;
		memcpy(&asked->v6.sin6_addr, endpoint->address, sizeof(asked->v6.sin6_addr));
	} else {
		asked->v4.sin_family = AF_INET;
		asked->v4.sin_port = (__force __be16)endpoint->port;
		memcpy(&asked->v4.sin_addr, endpoint->address, sizeof(asked->v4.sin_addr));
	}
}

/* The program that put it there is the one that runs, on this CPU. */
static void take_call(struct sock *sk, struct undermesh_call *call)
{
	struct deferral_terms terms = {call->owner, call->grace_ms, call->tag};
	union address asked;

	call->socket_cookie = 0;
	read_asked(&asked, &call->asked);
	call->result = hook_defer(sk, &asked, &terms);
}

/* v6.1: 061ff040710e ("bpf: tcp: Stop bpf_setsockopt(TCP_CONGESTION) in init ops to recur itself") sets the bit. */
static void congestion_release(struct sock *sk)
{
	struct undermesh_mailbox *mailbox;

	if (!has_current_bpf_ctx() || !tcp_sk(sk)->bpf_chg_cc_inprogress)
		return;
	mailbox = router_mailbox_of(sk);
	if (mailbox)
		take_call(sk, &mailbox->call);
}

static struct tcp_congestion_ops congestion = {
	.ssthresh = tcp_reno_ssthresh,
	.cong_avoid = tcp_reno_cong_avoid,
	.undo_cwnd = tcp_reno_undo_cwnd,
	.release = congestion_release,
	.owner = THIS_MODULE,
	.name = UNDERMESH_CONGESTION,
};

int hook_init(void)
{
	return tcp_register_congestion_control(&congestion);
}

void hook_exit(void)
{
	tcp_unregister_congestion_control(&congestion);
}
