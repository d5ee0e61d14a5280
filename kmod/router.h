/* SPDX-License-Identifier: GPL-2.0-only */
/* The BPF program that says where requests go. */
#ifndef UNDERMESH_ROUTER_H
#define UNDERMESH_ROUTER_H

#include <linux/in.h>
#include <linux/in6.h>

#include "request.h"

/* At first; a longer head gets HTTP1_HEAD_MAX. */
#define GATHERING_BYTES 4096

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* A head while it is gathered, with what the router is told and what it answers. */
struct gathering {
	struct undermesh_request request;
	struct http1_field fields[HTTP1_FIELDS_MAX];
	u8 *data;
	u32 room;
	u32 kept; /* bytes that the application was told were sent */
	bool chosen;
	union address to; /* when chosen; v4 or v6 */
};

struct gathering *gathering_of(struct undermesh_request *request);

/* What route() answers; -ENOENT without a router. */
int router_ask(struct gathering *gathering);

int router_init(void);

#endif
