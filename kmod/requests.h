/* SPDX-License-Identifier: GPL-2.0-only */
/* Each request of a socket goes where a router says. */
#ifndef UNDERMESH_REQUESTS_H
#define UNDERMESH_REQUESTS_H

#include <net/sock.h>

/* sendmsg() of a socket whose operations are ours, or were when it was called; with the socket's lock held. */
int requests_send(struct sock *sk, struct msghdr *message);

#endif
