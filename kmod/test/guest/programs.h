/* SPDX-License-Identifier: GPL-2.0-only */
/* The programs of a case, and the hooks that they are attached to. */
#ifndef UNDERMESH_TEST_PROGRAMS_H
#define UNDERMESH_TEST_PROGRAMS_H

#include <stdbool.h>

/* Has the hooks be in use all the time, by whatever program. */
void keep_hooks(void);

/*
 * Loads the programs and attaches them to a cgroup of the test's own, which the caller enters by enter_cgroup(). They stay
 * as long as the process that attached them, or until it detaches them.
 */
void attach_programs(void);
void detach_programs(void);

/* Parts of that, once they are loaded: the hooks of the cgroup, and the router. */
void attach_hooks(void);
void detach_hooks(void);
void attach_router(void);
void detach_router(void);

/* Has the other one of two routers, which are alike, take the place of the one that is attached. */
void replace_router(void);

/* Whether programs call the module itself: from v6.9 on. */
bool programs_call(void);

/* Whether a program that is not loaded by default can be. */
bool can_load(const char *program);

/* Whether the hooks ask for deferral: from the next attach_programs() on. */
void set_deferring(bool deferring);

void enter_cgroup(void);

#endif
