/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the module and BPF programs speak to each other on kernels before v6.9, where programs cannot call a module and a
 * module has no struct_ops: by a map of the programs' own, named UNDERMESH_MAILBOXES, of one value per CPU.
 *
 * A program of cgroup/connect4 or connect6 puts a call there, selects the congestion control UNDERMESH_CONGESTION, and
 * selects again what was there before: the module hears of that, takes the call and leaves its result.
 *
 * A router is a program of type SCHED_CLS that uses this map. The module puts a question there and runs the program on a
 * packet that says nothing; what it returns is what route() returns in request.h. Bottom halves are off meanwhile.
 */
#ifndef UNDERMESH_MAILBOX_H
#define UNDERMESH_MAILBOX_H

#include "request.h"

#define UNDERMESH_MAILBOXES  "undermesh_mail"
#define UNDERMESH_CONGESTION "undermesh"

/*
 * In /proc: "set OWNER FD" makes the program of that descriptor the router of that owner, "remove OWNER" takes it away. It
 * stays as long as descriptors or pins hold its mailboxes.
 */
#define UNDERMESH_ROUTERS "undermesh_routers"

enum undermesh_family {
	UNDERMESH_NOWHERE,
	UNDERMESH_V4,
	UNDERMESH_V6,
};

/* Address and port in network byte order; of IPv4 the first four bytes. */
struct undermesh_endpoint {
	u32 address[4];
	u16 port;
	u16 family; /* enum undermesh_family */
};

/* undermesh_defer() of request.h. */
struct undermesh_call {
	u64 socket_cookie;		 /* whose connection; 0: there is no call */
	struct undermesh_endpoint asked; /* by the application */
	u32 owner;
	u32 grace_ms;
	u32 tag;
	int result;
};

/* What a router is asked; `request.head.fields` is NULL, they are here. */
struct undermesh_question {
	struct undermesh_request request;
	struct undermesh_endpoint to; /* its answer */
	u32 filled;		      /* bytes of `head` that are not 0 */
	struct http1_field fields[HTTP1_FIELDS_MAX];
	u8 head[HTTP1_HEAD_MAX];
};

struct undermesh_mailbox {
	struct undermesh_call call;
	struct undermesh_question question;
};

#endif
