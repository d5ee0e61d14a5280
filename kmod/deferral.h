/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connection that has not begun: the application's connect() returned, no SYN was sent. The socket is in SYN_SENT, as
 * TCP Fast Open has it for its own deferral, and in no table of TCP's.
 *
 *   ARMED      the hook asked for it; connect() comes next
 *   GATHERING  connect() returned; what is sent is looked at until it is a head
 *   CONNECTING the endpoint is chosen; bytes of a head that came in several sends, or a shutdown(), wait until TCP is
 *
 * A deferral begins under the socket's lock and ends under it, at the latest when the socket is closed; its memory
 * outlives the work that waits for the lock. sk_user_data points to it as long as the socket's operations are ours.
 */
#ifndef UNDERMESH_DEFERRAL_H
#define UNDERMESH_DEFERRAL_H

#include <linux/refcount.h>
#include <linux/workqueue.h>
#include <net/sock.h>

#include "operations.h"
#include "router.h"

enum deferral_state {
	ARMED,
	GATHERING,
	CONNECTING,
};

struct deferral {
	struct sock *sk; /* valid while attached; work holds a reference to it */
	const struct operations *operations;
	struct gathering *gathering;	       /* from the first send on */
	void (*state_change)(struct sock *sk); /* the socket's own, while CONNECTING */
	struct delayed_work work;
	refcount_t references; /* of the socket, and of work that is queued or runs */
	struct rcu_head rcu;
	union address asked;	/* by the application */
	union address fallback; /* what the hook made of it */
	int fallback_length;
	u32 grace_ms;
	u32 tag;
	u8 state;    /* enum deferral_state */
	u8 shutdown; /* RCV_SHUTDOWN, SEND_SHUTDOWN: due once TCP is connected */
};

/* All of these: with the socket's lock held. */

/* Of a socket whose operations are ours; NULL otherwise. */
struct deferral *deferral_of(const struct sock *sk);

/* Arms a socket. GFP_ATOMIC. */
int deferral_arm(struct sock *sk, const union address *asked, u32 grace_ms, u32 tag);

/* ARMED becomes GATHERING. */
int deferral_begin(struct sock *sk, struct sockaddr *address, int length);

/* Whether it is GATHERING, and nobody has ended the connection by other means. */
bool deferral_is_gathering(const struct sock *sk);

/*
 * Takes what is sent while gathering. Returns how many bytes were kept while more are needed; 0 and no longer gathering:
 * the endpoint is chosen, and the message is still to be sent; or a negative errno.
 */
int deferral_gather(struct sock *sk, struct msghdr *message);

/* Sends what was kept. Waits as a send with these flags does. 0: the socket is TCP's own again. */
int deferral_finish(struct sock *sk, int flags);

/* shutdown() before there is a connection; `how`: RCV_SHUTDOWN, SEND_SHUTDOWN. */
int deferral_shutdown(struct sock *sk, int how);

/* Gives the socket back to TCP, unconnected if it was gathering. */
void deferral_end(struct sock *sk);

int deferrals_init(void);
void deferrals_exit(void);

#endif
