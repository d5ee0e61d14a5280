/* SPDX-License-Identifier: GPL-2.0-only */
/* The head of a request while it is gathered from what the application sends. */
#ifndef UNDERMESH_GATHERING_H
#define UNDERMESH_GATHERING_H

#include <linux/in.h>
#include <linux/in6.h>
#include <net/sock.h>

#include "request.h"

/* At first; a longer head gets HTTP1_HEAD_MAX. */
#define GATHERING_BYTES 4096

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/*
 * The head, with what the router is told and what it answers. It serves one request after the other:
 *
 *   pieces are kept, of which the application was told that they were sent, until the head is whole
 *   `decided`: the head is whole, and it is known where it goes; of its last piece nothing was taken yet
 *   `committed`: what is kept goes to TCP as soon as there is room, before anything else
 */
struct gathering {
	struct undermesh_request request;
	struct http1_field fields[HTTP1_FIELDS_MAX];
	u8 *data;
	u32 room;
	u32 kept; /* bytes that the application was told were sent */
	bool decided;
	bool committed;
	bool chosen;
	union address to; /* when chosen; v4 or v6 */
};

/* As bpf_get_socket_cookie() has it. */
u64 cookie_of(struct sock *sk);

/* NULL without memory. */
struct gathering *gathering_new(struct sock *sk, u32 owner, u32 tag);
void gathering_free(struct gathering *gathering);

/*
 * Reads on in the head from a message, of which nothing is taken away; a head begins with the first byte that is kept.
 * Returns how much was read, or a negative errno. The verdict is in request.head.
 */
int gathering_read(struct gathering *gathering, const struct msghdr *message);

/* Takes bytes that were read from the message: they are kept. */
void gathering_take(struct gathering *gathering, struct msghdr *message, u32 length);

/*
 * Whether a message begins with what was read and not taken when the head was decided, as that of a program does that
 * was told to try again. If not, nothing is decided any more.
 */
bool gathering_is_repeated(struct gathering *gathering, const struct msghdr *message);

struct gathering *gathering_of(struct undermesh_request *request);

/* Notes where to connect: 4 or 16 bytes of an address and a port, both in network byte order. */
int gathering_choose(struct gathering *gathering, const void *address, u32 length, u16 port);

#endif
