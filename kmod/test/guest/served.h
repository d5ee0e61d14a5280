/* SPDX-License-Identifier: GPL-2.0-only */
/* A connection that the case itself serves, word by word: at ENDPOINT_NOBODY, where nobody listens but a case that does. */
#ifndef UNDERMESH_TEST_SERVED_H
#define UNDERMESH_TEST_SERVED_H

struct served {
	int client;
	int server;
};

/* A request line and a Host that lead to the case; more fields, the end of the head and a body may follow. */
#define TO_CASE(method) method " /nobody HTTP/1.1\r\nHost: shop\r\n"

/* Sends the request, whose route leads to the case, and receives it. */
struct served serve(const char *request);

/* Sends the text as server or as client, and receives it at the other end. */
void says(struct served *served, const char *text);
void asks(struct served *served, const char *text);

/* The next request goes elsewhere, and the server sees the end of its connection. */
void moves(struct served *served);

/* It stays, for a reason that is counted under this name. */
void stays(struct served *served, const char *reason);

#endif
