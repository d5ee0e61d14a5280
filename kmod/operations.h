/* SPDX-License-Identifier: GPL-2.0-only */
/* The operations of sockets whose requests are routed, in front of TCP's. */
#ifndef UNDERMESH_OPERATIONS_H
#define UNDERMESH_OPERATIONS_H

#include <net/sock.h>

/* Of one family: TCP's, and ours made from them. They live as long as the module. */
struct operations {
	struct proto *tcp;
	const struct proto_ops *tcp_socket;
	struct proto deferred;
	struct proto_ops deferred_socket;
};

/* What a socket's operations can be replaced by; NULL when they are not TCP's own. */
const struct operations *operations_for(const struct sock *sk);

/* Whether a socket's operations are ours. */
bool operations_are_deferred(const struct sock *sk);

/* With the socket's lock held. */
void operations_defer(struct sock *sk, const struct operations *operations);
void operations_restore(struct sock *sk, const struct operations *operations);

int operations_init(void);

/* Returns when nobody runs any of them, with no socket left that has them. */
void operations_drain(void);

#endif
