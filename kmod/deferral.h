/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A socket whose requests are routed, as long as its operations are ours. Its first connection has not begun when the
 * application's connect() returns: no SYN was sent, and the socket is in SYN_SENT, as TCP Fast Open has it for its own
 * deferral, and in no table of TCP's.
 *
 *   ARMED      the hook asked for it; connect() comes next
 *   GATHERING  connect() returned; what is sent is looked at until it is a head
 *   CONNECTING the endpoint is chosen, and TCP connects to it
 *   CONNECTED  requests and responses are followed; the next request may have the socket connect elsewhere: CONNECTING
 *
 * A deferral begins under the socket's lock and ends under it: when nothing is left to route (it stays where it is), at
 * the latest when the socket is closed. Its memory outlives operations and work that wait for the lock. sk_user_data
 * points to it as long as the socket's operations are ours.
 */
#ifndef UNDERMESH_DEFERRAL_H
#define UNDERMESH_DEFERRAL_H

#include <linux/refcount.h>
#include <linux/workqueue.h>
#include <net/inet_connection_sock.h>

#include "counters.h"
#include "gathering.h"
#include "operations.h"

enum deferral_state {
	ARMED,
	GATHERING,
	CONNECTING,
	CONNECTED,
};

/* What the hook asked for. */
struct deferral_terms {
	u32 owner;
	u32 grace_ms;
	u32 tag;
};

struct deferral {
	struct sock *sk; /* valid while attached; work holds a reference to it */
	const struct operations *operations;
	const struct inet_connection_sock_af_ops
		*af_ops;		       /* before TCP of IPv6 found an address to be mapped */
	struct gathering *gathering;	       /* from the first send on */
	void (*state_change)(struct sock *sk); /* the socket's own, while CONNECTING */
	void (*data_ready)(struct sock *sk);   /* the socket's own, once CONNECTED */
	struct delayed_work work;
	/* Of the socket, of operations that may wait, of work that is queued or runs. */
	refcount_t references;
	struct rcu_head rcu;
	struct http1_exchange exchange;
	struct deferral_terms terms;
	union address asked;	/* by the application */
	union address fallback; /* what the hook made of it */
	union address endpoint; /* where it is connected, or connects */
	union address next;	/* while it leaves: where it connects then, */
	int refusal;		/* or, if it connects to none, the negative errno */
	u32 requests;
	u32 seen;      /* up to here what was received has been followed */
	u16 senders;   /* that may wait inside of a send */
	u8 state;      /* enum deferral_state */
	u8 shutdown;   /* RCV_SHUTDOWN, SEND_SHUTDOWN: due once TCP is connected */
	bool stays;    /* no further request is routed */
	bool leaves;   /* its endpoint, once all that was sent is acknowledged */
	bool attached; /* the socket's operations are ours, and it is the socket's deferral */
};

/* All of these: with the socket's lock held. */

/* Of a socket whose operations are ours; NULL otherwise. */
struct deferral *deferral_of(const struct sock *sk);

static inline bool deferral_is_attached(const struct deferral *deferral)
{
	return deferral->attached;
}

/* Whether it is connected, stays where it is, and nothing is left to send. */
bool deferral_is_over(const struct deferral *deferral);

void deferral_get(struct deferral *deferral);
void deferral_put(struct deferral *deferral);

/* Arms a socket. GFP_ATOMIC. */
int deferral_arm(struct sock *sk, const union address *asked, const struct deferral_terms *terms);

/* ARMED becomes GATHERING. */
int deferral_begin(struct sock *sk, struct sockaddr *address, int length);

/* Whether it is GATHERING, and nobody has ended the connection by other means. */
bool deferral_is_gathering(const struct sock *sk);

/* Has the rest done by work: what is due depends on the state. */
void deferral_queue_work(struct deferral *deferral, unsigned long delay);
void deferral_cancel_work(struct deferral *deferral);

/*
 * From now on the connection stays at its endpoint, for a reason that is counted. Callable from softirqs; the socket is
 * TCP's own again when the next operation finds nothing kept.
 */
void deferral_stay(struct deferral *deferral, enum stay why);

/* Gives the socket back to TCP, unconnected if it was gathering. */
void deferral_detach(struct deferral *deferral);
void deferral_end(struct sock *sk);

int deferrals_init(void);
void deferrals_exit(void);

#endif
