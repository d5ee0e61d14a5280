/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNDERMESH_TEST_CASES_H
#define UNDERMESH_TEST_CASES_H

struct test_case {
	const char *name;
	void (*run)(void);
};

/* Ended by one without a name. Each is run inside the cgroup. */
extern const struct test_case cases[];

/* How long survives_a_race() goes on. */
#ifndef RACE_S
#define RACE_S 10
#endif

void survives_a_race(void);

#endif
