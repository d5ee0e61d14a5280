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

/* Loads or unloads the module; 0 or the errno. */
int load_module(const char *path);
int unload_module(void);

/*
 * A server per endpoint, in a process of its own. It answers each request of HTTP with the letter of the endpoint, a
 * connection that begins otherwise with the letter and a ".", and it ends; the banner server speaks first.
 */
void start_servers(void);
void stop_servers(void);

/* How many connections the server of an endpoint has accepted. */
unsigned long accepted_by(int endpoint);

/* Loads the programs and attaches them to a cgroup of the test's own, which the caller enters by enter_cgroup(). */
void attach_programs(const char *object);
void detach_programs(void);

/* Whether a program of the object that is not loaded by default can be. */
bool can_load(const char *object, const char *program);

void enter_cgroup(void);
void leave_cgroup(void);

/* A connection to a port of the services; `flags`: SOCK_NONBLOCK. */
int connect_to(int port, int flags);

/* Sends all of it; then reads an answer and gives its letter. */
void send_text(int fd, const char *text);
char answer_of(int fd);

/* A request for a path, with a further field if it is not NULL; and the letter of who answered it. */
const char *request_for(const char *path, const char *field);
char ask(int fd, const char *path, const char *field);

#endif
