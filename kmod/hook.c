// SPDX-License-Identifier: GPL-2.0-only
#include <net/tcp.h>

#include "counters.h"
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

int hook_defer(struct sock *sk, const union address *asked, const struct deferral_terms *terms)
{
	int error = is_deferrable(sk) ? deferral_arm(sk, asked, terms) : -EOPNOTSUPP;

	if (error)
		count(sk, COUNT_NOT_DEFERRED);
	return error;
}
