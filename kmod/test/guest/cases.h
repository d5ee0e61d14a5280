/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNDERMESH_TEST_CASES_H
#define UNDERMESH_TEST_CASES_H

#include <stdbool.h>

struct test_case {
	const char *name;
	void (*run)(void);
	bool plain; /* it is about connections that are not deferred */
};

#define CASE(name)          \
	{                   \
#name, name \
	}

#define PLAIN_CASE(name)          \
	{                         \
#name, name, true \
	}

/*
 * Each list is ended by one without a name. A case runs in a process of its own, inside the cgroup, with the programs
 * attached; while it runs a connection must have been deferred.
 */
extern const struct test_case routing_cases[];
extern const struct test_case requests_cases[];
extern const struct test_case staying_cases[];
extern const struct test_case moving_cases[];
extern const struct test_case early_cases[];
extern const struct test_case sending_cases[];
extern const struct test_case waiting_cases[];
extern const struct test_case socket_cases[];
extern const struct test_case endpoint_cases[];
extern const struct test_case uring_cases[];
extern const struct test_case congestion_cases[];

/* These have the module for themselves, without programs, and come last. */
extern const struct test_case race_cases[];
extern const struct test_case loading_cases[];

/* How long the race goes on, and how often the module is unloaded and loaded: words of the command line. */
extern int race_s, cycles;

#endif
