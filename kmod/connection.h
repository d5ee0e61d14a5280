/* SPDX-License-Identifier: GPL-2.0-only */
/* The connections of a socket whose requests are routed: to an endpoint, and from it to another one. */
#ifndef UNDERMESH_CONNECTION_H
#define UNDERMESH_CONNECTION_H

#include "deferral.h"

/* All of these: with the socket's lock held. */

/* Connects a socket that is not connected; `to` is of the socket's family. 0, or the errno of a socket that is at its end. */
int connection_dial(struct deferral *deferral, const union address *to);
int connection_dial_fallback(struct deferral *deferral);

/* The socket is at its end, as after a reset; returns `error`. */
int connection_fail(struct deferral *deferral, int error);

/* A socket that never was in a table of TCP's leaves SYN_SENT without a word to those who watch states. */
void connection_unbegin(struct sock *sk);

/*
 * Waits, as a send with this message's flags does, until TCP is connected to where the request goes, and until it has
 * taken what is committed.
 * Options of the message go with it; `more`: there is something behind it. The lock may be given away meanwhile, and the
 * deferral ended. 0: done, or ended.
 */
int connection_finish(struct deferral *deferral, const struct msghdr *message, bool more);

/* Before the socket is closed: what can be sent without waiting. */
void connection_flush_last(struct deferral *deferral);

/* shutdown() before TCP is connected or has taken everything; `how`: RCV_SHUTDOWN, SEND_SHUTDOWN. */
int connection_shutdown(struct deferral *deferral, int how);

/* What is due, and nobody waits for. */
void connection_work(struct deferral *deferral);

/* TCP need not tell us any more that it is connected. */
void connection_forget(struct deferral *deferral);

#endif
