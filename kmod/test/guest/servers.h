/* SPDX-License-Identifier: GPL-2.0-only */
/* The endpoints. */
#ifndef UNDERMESH_TEST_SERVERS_H
#define UNDERMESH_TEST_SERVERS_H

/*
 * A server per endpoint, in a process of its own. It answers each request of HTTP with the letter of the endpoint, a
 * connection that begins otherwise with the letter and a ".", and it ends; the banner server speaks first.
 */
void start_servers(void);
void stop_servers(void);

/* How many connections the server of an endpoint has accepted. */
unsigned long accepted_by(int endpoint);

#endif
