/* SPDX-License-Identifier: GPL-2.0-only */
/* Who connects, and asks. */
#ifndef UNDERMESH_TEST_CLIENTS_H
#define UNDERMESH_TEST_CLIENTS_H

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
