/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For BPF programs: a router and what defers connections to it, written once for all kernels.
 *
 *	UNDERMESH_ROUTER(route)
 *	{
 *		return undermesh_request_to(request, &address, sizeof(address), port);
 *	}
 *
 * is route() of struct undermesh_router in request.h, and uses the calls there; programs of cgroup/connect4 and connect6
 * call undermesh_defer4() and undermesh_defer6() before they change the address. It makes a struct_ops map "router", named
 * as the program with an "r" behind.
 * With UNDERMESH_CLASSIFIER defined it is for kernels before v6.9: a program "route" of type SCHED_CLS, and a map
 * UNDERMESH_MAILBOXES that all of these programs share, also those that take the place of earlier ones (mailbox.h).
 */
#ifndef UNDERMESH_ROUTER_BPF_H
#define UNDERMESH_ROUTER_BPF_H

#include <linux/bpf.h>
#include <linux/errno.h>

#include <bpf/bpf_helpers.h>

#include "mailbox.h"

#ifndef UNDERMESH_CLASSIFIER

#define undermesh_defer4 undermesh_defer
#define undermesh_defer6 undermesh_defer

#define UNDERMESH_ROUTER(name)                                                             \
	static __always_inline int name##_request(struct undermesh_request *request);      \
	SEC("struct_ops/" #name) int name(unsigned long long *context)                     \
	{                                                                                  \
		return name##_request((struct undermesh_request *)context[0]);             \
	}                                                                                  \
	SEC(".struct_ops.link") struct undermesh_router name##r = {.route = (void *)name}; \
	static __always_inline int name##_request(struct undermesh_request *request)

#else

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct undermesh_mailbox);
} undermesh_mail SEC(".maps");

static __always_inline struct undermesh_mailbox *undermesh_mailbox(void)
{
	u32 first = 0;

	return bpf_map_lookup_elem(&undermesh_mail, &first);
}

/* --- connections --- */

enum {
	UNDERMESH_SOL_TCP = 6,
	UNDERMESH_TCP_CONGESTION = 13,
};

/* Has the module look at the call. Whatever happens, the socket has the congestion control that it had. */
static __always_inline int undermesh_place_call(struct bpf_sock_addr *context, struct undermesh_call *call)
{
	char before[16] = "", ours[16] = UNDERMESH_CONGESTION;
	int error;

	if (bpf_getsockopt(context, UNDERMESH_SOL_TCP, UNDERMESH_TCP_CONGESTION, before, sizeof(before)))
		return -EOPNOTSUPP;
	/* Programs may not select this one. */
	if (before[0] == 'c' && before[1] == 'd' && before[2] == 'g' && !before[3])
		return -EOPNOTSUPP;
	call->result = -EOPNOTSUPP;
	call->socket_cookie = bpf_get_socket_cookie(context);
	error = bpf_setsockopt(context, UNDERMESH_SOL_TCP, UNDERMESH_TCP_CONGESTION, ours, sizeof(ours));
	if (!error)
		error = bpf_setsockopt(context, UNDERMESH_SOL_TCP, UNDERMESH_TCP_CONGESTION, before,
				       sizeof(before));
	call->socket_cookie = 0;
	return error ?: call->result;
}

static __always_inline int undermesh_defer4(struct bpf_sock_addr *context, u32 owner, u32 grace_ms, u32 tag)
{
	struct undermesh_mailbox *mailbox = undermesh_mailbox();

	if (!mailbox)
		return -EOPNOTSUPP;
	mailbox->call = (struct undermesh_call){
		.asked = {.address = {context->user_ip4}, .port = context->user_port, .family = UNDERMESH_V4},
		.owner = owner,
		.grace_ms = grace_ms,
		.tag = tag,
	};
	return undermesh_place_call(context, &mailbox->call);
}

static __always_inline int undermesh_defer6(struct bpf_sock_addr *context, u32 owner, u32 grace_ms, u32 tag)
{
	struct undermesh_mailbox *mailbox = undermesh_mailbox();

	if (!mailbox)
		return -EOPNOTSUPP;
	mailbox->call = (struct undermesh_call){
		.asked = {.address = {context->user_ip6[0], context->user_ip6[1], context->user_ip6[2],
				      context->user_ip6[3]},
			  .port = context->user_port,
			  .family = UNDERMESH_V6},
		.owner = owner,
		.grace_ms = grace_ms,
		.tag = tag,
	};
	return undermesh_place_call(context, &mailbox->call);
}

/* --- requests --- */

static __always_inline struct undermesh_question *undermesh_question_of(struct undermesh_request *request)
{
	return (struct undermesh_question *)request; /* its first member */
}

static __always_inline const u8 *undermesh_request_head(struct undermesh_request *request,
							const size_t rdonly_buf_size)
{
	return rdonly_buf_size <= HTTP1_HEAD_MAX ? undermesh_question_of(request)->head : NULL;
}

#define UNDERMESH_NAME_MAX 64

struct undermesh_search {
	const struct undermesh_question *question;
	u32 length; /* of the name */
	int found;  /* number of the field, or a negative errno */
	char name[UNDERMESH_NAME_MAX];
};

static __always_inline u8 undermesh_lower(u8 byte)
{
	return byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte;
}

/* For bpf_loop(): 1 ends it. */
static long undermesh_look_at_field(u32 number, struct undermesh_search *search)
{
	const struct undermesh_question *question = search->question;
	u32 at, i;

	if (number >= HTTP1_FIELDS_MAX || number >= question->request.head.field_count)
		return 1;
	at = question->fields[number].name.at;
	if (question->fields[number].name.length != search->length ||
	    at > HTTP1_HEAD_MAX - UNDERMESH_NAME_MAX)
		return 0;
	for (i = 0; i < UNDERMESH_NAME_MAX; i++) {
		if (i >= search->length)
			break;
		if (undermesh_lower(question->head[at + i]) != undermesh_lower(search->name[i]))
			return 0;
	}
	if (search->found >= 0) {
		search->found = -ENOTUNIQ;
		return 1;
	}
	search->found = number;
	return 0;
}

/* `name` is a string literal of less than UNDERMESH_NAME_MAX bytes. */
static __always_inline int undermesh_request_field(struct undermesh_request *request, const char *name,
						   void *value, u32 size)
{
	struct undermesh_question *question = undermesh_question_of(request);
	struct undermesh_search search = {
		.question = question, .length = __builtin_strlen(name), .found = -ENOENT};
	const struct http1_span *span;
	u32 at, length;

	if (request->head.verdict != HTTP1_COMPLETE)
		return -ENOENT;
	__builtin_memcpy(search.name, name, __builtin_strlen(name));
	bpf_loop(HTTP1_FIELDS_MAX, undermesh_look_at_field, &search, 0);
	if (search.found < 0 || search.found >= HTTP1_FIELDS_MAX)
		return search.found;
	span = &question->fields[search.found].value;
	at = span->at;
	length = span->length;
	if (length > size)
		return -E2BIG;
	if (at > HTTP1_HEAD_MAX - size || bpf_probe_read_kernel(value, length, question->head + at))
		return -EFAULT;
	return length;
}

static __always_inline int undermesh_request_to(struct undermesh_request *request, const void *address,
						u32 size, u16 port)
{
	struct undermesh_endpoint *to = &undermesh_question_of(request)->to;

	if (size != 4 && size != 16)
		return -EINVAL;
	__builtin_memcpy(to->address, address, size);
	to->port = port;
	to->family = size == 4 ? UNDERMESH_V4 : UNDERMESH_V6;
	return 0;
}

#define UNDERMESH_ROUTER(name)                                                         \
	static __always_inline int name##_request(struct undermesh_request *request);  \
	SEC("tc") int name(struct __sk_buff *packet)                                   \
	{                                                                              \
		struct undermesh_mailbox *mailbox = undermesh_mailbox();               \
		return mailbox ? name##_request(&mailbox->question.request) : -ENOENT; \
	}                                                                              \
	static __always_inline int name##_request(struct undermesh_request *request)

#endif

#endif
