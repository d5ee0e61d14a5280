/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What passes over a connection, followed so far that it is known where requests and responses end. What is sent is
 * followed as TCP takes it. What is received is followed as it arrives, by sk_data_ready: in whatever way, as often and by
 * whomever it is read later.
 */
#ifndef UNDERMESH_FOLLOWING_H
#define UNDERMESH_FOLLOWING_H

#include "deferral.h"

/* All of these: with the socket's lock held. */

/* TCP is connected, and nothing was received yet. */
void following_begin(struct deferral *deferral);
void following_end(struct deferral *deferral);

/* TCP took this many bytes of what was to be sent, behind the head of a request. */
void following_sent(struct deferral *deferral, struct iov_iter *sent, size_t length);

/*
 * Whether the last exchange is over to the last byte, so that the connection can be left for another one once that is
 * acknowledged. If not it stays for good, and the reason is counted.
 */
bool following_is_idle(struct deferral *deferral);

/* Whether the endpoint may not have all yet that was sent: it can answer early. Without the lock: it may be news. */
bool following_awaits_acknowledgement(const struct sock *sk);

#endif
