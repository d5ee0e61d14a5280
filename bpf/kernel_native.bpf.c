// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel-native engine: what dual_engine.bpf.c does, and for services with routes the work of their waypoint. Needs the
 * kernel module (kmod/), and is loaded on the maps of the dual engine.
 *
 *   native_connect4/6   steer, and defer the connect to a service with routes until its first request is there
 *   native_route        chooses the endpoint of each request (of the struct_ops native_router)
 *
 * A deferred connection has a default endpoint from connect() on: where it goes without a request that can be read. What
 * its requests choose stands in the map choices; follow_sockops of dual_engine.bpf.c takes it over when the socket connects.
 */
#include "include/kernel.h"

#include "../kmod/router.bpf.h"
#include "include/request_refusal.h"
#include "include/route_backend.h"
#include "include/routes.h"
#include "include/steer.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct engine_config config = {.owner = 1};

/* --- connect() --- */

/* What the connection is to be known by when its first request is asked about. */
static __always_inline bool remember_choice(struct bpf_sock_addr *ctx, struct search *search,
					    struct service *service, bool v6)
{
	struct route_choice choice = {
		.endpoint_id = search->endpoint_id,
		.default_id = search->endpoint_id,
		.service_id = service->service_id,
		.slots_id = service->slots_id,
		.max_connections = service->max_connections,
		.family = search->family,
		.socket_v6 = v6,
		.vip_id = service->vip_id,
	};
	__u64 cookie = bpf_get_socket_cookie(ctx);
	long error = bpf_map_update_elem(&choices, &cookie, &choice, BPF_ANY);

	if (error)
		count_mesh_error(HELPER_SITE_CHOICE, error);
	return !error;
}

static __always_inline int ask_module(struct bpf_sock_addr *ctx, bool v6, struct service *service)
{
	return v6 ? undermesh_defer6(ctx, config.owner, service->grace_ms, service->routes_id)
		  : undermesh_defer4(ctx, config.owner, service->grace_ms, service->routes_id);
}

/* The module looks at the address that was asked for: the default endpoint is written behind it. */
static __always_inline int defer(struct bpf_sock_addr *ctx, bool v6, struct service *service,
				 struct service_key *asked)
{
	struct steering *steering;
	struct search search;
	int error;

	if (!begin_pool_search(&search, service->slots_id, asked->family))
		return refuse_for_lack(ctx, asked, service);
	if (!find_endpoint(&search) && search.broken)
		return refuse_for_lack(ctx, asked, service);
	steering = begin_steering(ctx, &search, service, asked, ENGINE_KERNEL_NATIVE);
	if (!steering || !remember_choice(ctx, &search, service, v6))
		return refuse_for_lack(ctx, asked, service);
	error = ask_module(ctx, v6, service);
	if (error) {
		count_mesh_error(HELPER_SITE_DEFER, error);
		MESH_COUNT(defer_refused);
		if (!search.endpoint_id)
			return refuse_unfound(ctx, &search, asked, service);
	} else {
		steering->flags |= STEERING_FLAG_ROUTED;
		MESH_COUNT(deferred);
	}
	if (search.endpoint_id)
		write_destination(ctx, v6, search.endpoint.address, search.endpoint.port);
	else
		write_nowhere(ctx, v6);
	return 1;
}

static __always_inline int native_connect(struct bpf_sock_addr *ctx, bool v6, struct service *service,
					  struct service_key *asked)
{
	if (service->routes_id && asked->protocol == IPPROTO_TCP)
		return defer(ctx, v6, service, asked);
	return steer(ctx, v6, service, asked, ENGINE_KERNEL_NATIVE);
}

SEC("cgroup/connect4")
int native_connect4(struct bpf_sock_addr *ctx)
{
	return connect_by(ctx, false, native_connect);
}

SEC("cgroup/connect6")
int native_connect6(struct bpf_sock_addr *ctx)
{
	return connect_by(ctx, true, native_connect);
}

/* --- requests --- */

/* Where its fields are, by their spans. */
static __always_inline const void *fields_of(struct undermesh_request *request)
{
#ifdef UNDERMESH_CLASSIFIER
	return undermesh_question_of(request)->fields;
#else
	return request->head.fields;
#endif
}

#define SPAN(span)                                       \
	(struct text_span)                               \
	{                                                \
		.at = (span).at, .length = (span).length \
	}

/* Copies what routes are asked about; false, and counted, when that cannot be read. */
static __always_inline bool fill_request_text(struct request_text *text, struct undermesh_request *request,
					      const u8 *head)
{
	u32 length = request->head.length, count = request->head.field_count;
	long error = 0;

	if (length > REQUEST_HEAD_BYTES || count > REQUEST_FIELDS)
		error = -E2BIG;
	else if (length)
		error = bpf_probe_read_kernel(text->head, length, head);
	if (!error && count && count <= REQUEST_FIELDS)
		error = bpf_probe_read_kernel(text->fields, count * sizeof(struct text_field),
					      fields_of(request));
	if (error) {
		count_mesh_error(HELPER_SITE_READ_HEAD, error);
		return false;
	}
	text->routes_id = request->tag;
	text->length = length;
	text->field_count = count;
	text->method = SPAN(request->head.method);
	text->path = SPAN(request->head.path);
	text->query = SPAN(request->head.query);
	text->host = SPAN(request->head.host);
	return true;
}

static __always_inline int go_to(struct undermesh_request *request, struct endpoint *endpoint)
{
	u16 port = bpf_htons(endpoint->port);

	return endpoint->family == ADDRESS_FAMILY_IPV4
		       ? undermesh_request_to(request, endpoint->address, 4, port)
		       : undermesh_request_to(request, endpoint->address, 16, port);
}

/* The table may be replaced while it is asked: then it is asked again. */
static __always_inline int choose_route(struct request_text *text, struct route_choice *choice)
{
	int i, error = -EAGAIN;

	for (i = 0; i < 2 && error == -EAGAIN; i++) {
		error = match_request(text);
		if (!error)
			error = choose_backend(text, choice);
	}
	return error;
}

static __always_inline int route(struct undermesh_request *request, struct request_text *text,
				 struct route_choice *choice)
{
	const u8 *head = undermesh_request_head(request, 4096);
	int error = -EAGAIN;

	if (head && fill_request_text(text, request, head))
		error = choose_route(text, choice);
	if (error == -EAGAIN) {
		MESH_COUNT(failed);
		error = refuse_request(text, CLOSE_REASON_NOT_STEERED);
	}
	if (!error)
		return go_to(request, &text->endpoint);
	record_request_refusal(request->socket_cookie, choice, text->refusal);
	return error;
}

/* It cannot be read, or nothing is known of its connection any more: to the default endpoint. */
static __always_inline int route_unread(struct route_choice *choice)
{
	MESH_COUNT(route_default);
	if (choice) {
		choice->endpoint_id = choice->default_id;
		choice->route = 0;
		choice->backend = 0;
	}
	return 0;
}

UNDERMESH_ROUTER(native_route)
{
	u64 cookie = request->socket_cookie;
	struct route_choice *choice;
	struct request_text *text;

	if (request->owner != config.owner)
		return -ENOENT;
	choice = bpf_map_lookup_elem(&choices, &cookie);
	if (choice && request->number == 1 && choice->max_connections &&
	    is_full(choice->service_id, choice->max_connections)) {
		MESH_COUNT(refused_too_many);
		record_request_refusal(cookie, choice, CLOSE_REASON_TOO_MANY);
		return -ECONNREFUSED;
	}
	if (!choice || request->head.verdict != HTTP1_COMPLETE)
		return route_unread(choice);
	text = this_cpu_request_text();
	return text ? route(request, text, choice) : -ECONNREFUSED;
}
