/* SPDX-License-Identifier: GPL-2.0-only */
/* What became of connections, counted for each network namespace: /proc/net/undermesh, a name and a number per line. */
#ifndef UNDERMESH_COUNTERS_H
#define UNDERMESH_COUNTERS_H

#include <net/sock.h>

#include "http1.h"

enum counter {
	COUNT_DEFERRED,	    /* connect() returned, no SYN was sent */
	COUNT_NOT_DEFERRED, /* the hook asked for it, and the socket is not of the kind */
	COUNT_ROUTED,	    /* went where the router said */
	COUNT_DEFAULT,	    /* the router left it to the default endpoint, or there is none */
	COUNT_REJECTED,	    /* the router said no */
	COUNT_GRACE,	    /* nothing, or no whole head, within the service's grace: the default endpoint */
	COUNT_SHUT_DOWN,    /* shut down before there was a whole head: the default endpoint */
	COUNT_ABANDONED,    /* closed before there was a whole head */
	COUNT_UNROUTABLE,   /* connect() to the endpoint failed at once */
	COUNTERS,
};

/* Counts a head that is not routed by what it says (enum http1_reason). */
void count_reason(const struct sock *sk, u8 reason);
void count(const struct sock *sk, enum counter counter);

int counters_init(void);
void counters_exit(void);

#endif
