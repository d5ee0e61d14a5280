/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module and BPF programs say to each other. A program of cgroup/connect4 or connect6 asks for deferral by
 * undermesh_defer(); when the head of a request is there, routers, each a struct_ops, are asked where it goes.
 */
#ifndef UNDERMESH_REQUEST_H
#define UNDERMESH_REQUEST_H

/* UNDERMESH_CLASSIFIER: for kernels before v6.9, which lay nothing out anew and have no calls (router.bpf.h). */
#if defined(__bpf__) && !defined(UNDERMESH_CLASSIFIER)
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#endif

#include "http1.h"

/* Counts up when something below changes its meaning; the module's is in /sys/module/undermesh/parameters/interface. */
#define UNDERMESH_INTERFACE 2

/*
 * What the router is asked about. `head.verdict` is HTTP1_COMPLETE, and then the spans of `head` are parts of what
 * undermesh_request_head() gives; or HTTP1_FOREIGN or HTTP1_REFUSED, with `head.reason`, and then nothing else of it
 * means anything.
 */
struct undermesh_request {
	struct http1_head head;
	u64 socket_cookie; /* as bpf_get_socket_cookie() has it; the same for all requests of a connection */
	u32 owner;	   /* as it was given to undermesh_defer(): whose router is meant */
	u32 tag;	   /* as it was given to undermesh_defer() */
	u32 number;	   /* of this request on its connection, from 1 */
};

/*
 * There may be several: each is asked in turn, until one answers anything but -ENOENT ("not mine": another owner's).
 *
 * On one CPU one route() runs at a time.
 *
 * route() answers 0: connect to what undermesh_request_to() was told, or else to the address that connect() was to go to
 * when the hook was left; or a negative errno, which the application's send() returns.
 */
struct undermesh_router {
	int (*route)(struct undermesh_request *request);
};

#if defined(__bpf__) && !defined(UNDERMESH_CLASSIFIER)
#pragma clang attribute pop

struct bpf_sock_addr;

/*
 * Defers the connection that the program was called for. After `grace_ms` without a whole head it goes to where the hook
 * left it; 0: it waits as long as the client does. 0, or a negative errno: it connects as if nothing had been asked.
 */
extern int undermesh_defer(struct bpf_sock_addr *context, u32 owner, u32 grace_ms, u32 tag) __ksym;

/* The bytes of the head; NULL when fewer than `rdonly_buf_size` (a constant) are readable, at least 4096 always are. */
extern const u8 *undermesh_request_head(struct undermesh_request *request,
					const size_t rdonly_buf_size) __ksym;

/* Copies the value of a field; returns its length, -ENOENT, -E2BIG, or -ENOTUNIQ when the field comes twice. */
extern int undermesh_request_field(struct undermesh_request *request, const char *name__str, void *value,
				   u32 value__sz) __ksym;

/* Where to connect: 4 or 16 bytes of an address and a port, both in network byte order. */
extern int undermesh_request_to(struct undermesh_request *request, const void *address, u32 address__sz,
				u16 port) __ksym;
#endif

#endif
