/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The same story twice: over plain TCP to an endpoint, and deferred, over the service whose route leads there. What the
 * program sees must be the same.
 */
#ifndef UNDERMESH_TEST_COMPARE_H
#define UNDERMESH_TEST_COMPARE_H

#include <stdbool.h>

/* Where a connection ends, and the path that leads there. */
struct target {
	const char *path;
	const char *address; /* of IPv4 */
	int port;
};

extern const struct target target_a;	       /* a server */
extern const struct target target_nobody;      /* refuses */
extern const struct target target_silent;      /* does not answer: see fill_silent_endpoint() */
extern const struct target target_away;	       /* there is no route */
extern const struct target target_unreachable; /* a route says so */

struct way {
	const struct target *target;
	bool deferred;
};

/* A socket, and what connect() said: 0 or the errno. `flags`: SOCK_NONBLOCK. */
int new_socket(int flags);
int connect_by(const struct way *way, int fd);

/* The request that leads to the target. */
const char *request_by(const struct way *way);

/* Notes what was seen. `what` is a constant. */
void saw(const char *what, long value);

/* Fails with the first thing that was seen otherwise, deferred, than over plain TCP. */
void compare(const struct target *target, void (*story)(const struct way *way));

/* Has the endpoint's queue of connections filled, so that the kernel drops what else comes. */
void fill_silent_endpoint(void);

#endif
