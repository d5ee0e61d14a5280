/* SPDX-License-Identifier: GPL-2.0-only */
/* What a case stands on: servers, clients, and the module. Whatever goes wrong ends the process with its reason. */
#ifndef UNDERMESH_TEST_BED_H
#define UNDERMESH_TEST_BED_H

#include <stdbool.h>
#include <stddef.h>

#include "addresses.h"

/* Ends the case; the message is its reason. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#define expect(holds) expect_that(holds, #holds, __LINE__)
void expect_that(bool holds, const char *what, int line);

/* The files of the module and of the programs. */
extern const char *module_path, *programs_path;

/* Loads or unloads the module; 0 or the errno. */
int load_module(void);
int unload_module(void);

/* A route that says that UNREACHABLE_ADDRESS is, and a TCP that gives up soon on who does not answer. */
void prepare_network(void);

/* Has the hooks be in use all the time, by whatever program. */
void keep_hooks(void);

/* What /proc/undermesh says; 0 while it is not there. */
unsigned long counter(const char *name);

/*
 * A server per endpoint, in a process of its own. It answers each request of HTTP with the letter of the endpoint, a
 * connection that begins otherwise with the letter and a ".", and it ends; the banner server speaks first.
 */
void start_servers(void);
void stop_servers(void);

/* How many connections the server of an endpoint has accepted. */
unsigned long accepted_by(int endpoint);

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

/* A connection to a port of the services; `flags`: SOCK_NONBLOCK. */
int connect_to(int port, int flags);

/* One to an endpoint itself: plain TCP. */
int connect_to_endpoint(int endpoint);

/* Sends all of it; then reads an answer and gives its letter. */
void send_text(int fd, const char *text);
char answer_of(int fd);

/* A request for a path, with a further field if it is not NULL; and the letter of who answered it. */
const char *request_for(const char *path, const char *field);
char ask(int fd, const char *path, const char *field);

#endif
