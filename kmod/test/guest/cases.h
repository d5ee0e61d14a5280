/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNDERMESH_TEST_CASES_H
#define UNDERMESH_TEST_CASES_H

struct test_case {
	const char *name;
	void (*run)(void);
};

#define CASE(name)          \
	{                   \
#name, name \
	}

/* Each list is ended by one without a name. A case runs in a process of its own, inside the cgroup. */
extern const struct test_case routing_cases[];
extern const struct test_case sending_cases[];
extern const struct test_case socket_cases[];
extern const struct test_case race_cases[];

/* How long the race goes on. */
#ifndef RACE_S
#define RACE_S 10
#endif

#endif
