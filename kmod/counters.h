/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What became of connections and requests, a name and a number per line: /proc/net/undermesh for a network namespace,
 * /proc/undermesh for all there ever were, with what exists now.
 */
#ifndef UNDERMESH_COUNTERS_H
#define UNDERMESH_COUNTERS_H

#include <net/sock.h>

#include "http1.h"

enum counter {
	COUNT_DEFERRED,	    /* connect() returned, no SYN was sent */
	COUNT_NOT_DEFERRED, /* the hook asked for it, and the socket is not of the kind */
	COUNT_REQUESTS,	    /* a router was asked: the sum of the next three */
	COUNT_ROUTED,	    /* goes where the router said */
	COUNT_DEFAULT,	    /* the router left it to the default endpoint, or there is none */
	COUNT_REJECTED,	    /* the router said no */
	COUNT_MOVED,	    /* a connection was left, for a request that goes elsewhere */
	COUNT_ABANDONED,    /* closed before there was a whole head */
	COUNT_UNROUTABLE,   /* connect() to the endpoint failed at once */
	COUNTERS,
};

/* Why the rest of a connection is not routed but stays at its endpoint: those of enum http1_opaque, and */
enum stay {
	STAYS_UNFRAMED = HTTP1_UNFRAMED, /* a head was refused */
	STAYS_FOREIGN = HTTP1_OPAQUES,	 /* no HTTP/1: TLS, HTTP/2, another protocol */
	STAYS_STALLED,			 /* nothing, or no whole head, within the service's grace */
	STAYS_SHUT_DOWN,		 /* the application shut it down */
	STAYS_ENDED,			 /* the endpoint did, or it failed */
	STAYS_UNREAD,			 /* a request before the response to the last one was read */
	STAYS_UNSEEN,			 /* what was received, or sent, could not be looked at in time */
	STAYS_URGENT,			 /* urgent data */
	STAYS_SENDERS,			 /* one began to send while another waited for it */
	STAYS_TAKEN,			 /* by kTLS and its like */
	STAYS,
};

/* Counts a head that is not routed by what it says (enum http1_reason). */
void count_reason(const struct sock *sk, u8 reason);
void count_stay(const struct sock *sk, enum stay why);
void count(const struct sock *sk, enum counter counter);

enum gauge {
	GAUGE_DEFERRALS,  /* of sockets, and those that an operation or work still holds */
	GAUGE_ROUTERS,	  /* registered */
	GAUGE_OPERATIONS, /* that tasks are in */
	GAUGES,
};

void gauge_add(enum gauge gauge, int change);
int gauge_read(enum gauge gauge);

int counters_init(void);
void counters_exit(void);

#endif
