/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the engines share at connect(): refusing, passing on, and steering to an endpoint or to a waypoint. */
#ifndef UNDERMESH_STEER_H
#define UNDERMESH_STEER_H

#include "balance.h"
#include "destination.h"
#include "life.h"
#include "refusal.h"

/* --- refusing and passing on --- */

static __always_inline int refuse(void)
{
	bpf_set_retval(-ECONNREFUSED);
	return 0;
}

/* What it takes to steer is missing. */
static __always_inline int refuse_for_lack(struct bpf_sock_addr *ctx, struct service_key *asked,
					   struct service *service)
{
	MESH_COUNT(failed);
	record_refusal(ctx, asked, service, CLOSE_REASON_NOT_STEERED);
	return refuse();
}

static __always_inline int refuse_too_many(struct bpf_sock_addr *ctx, struct service_key *asked,
					   struct service *service)
{
	MESH_COUNT(refused_too_many);
	record_refusal(ctx, asked, service, CLOSE_REASON_TOO_MANY);
	return refuse();
}

static __always_inline int refuse_unfound(struct bpf_sock_addr *ctx, struct search *search,
					  struct service_key *asked, struct service *service)
{
	if (search->broken)
		return refuse_for_lack(ctx, asked, service);
	MESH_COUNT(refused_no_endpoint);
	record_refusal(ctx, asked, service, lack_of(service));
	return refuse();
}

/* True when this connect has been steered already: by the same program on a cgroup further in. */
static __always_inline bool is_steered(struct bpf_sock_addr *ctx, bool v6, struct steering *steering)
{
	struct endpoint *endpoint;
	struct service_key at = {};
	const __u32 *one = (const __u32 *)at.address, *other;

	if (!read_destination(ctx, v6, &at))
		return false;
	if (!steering->endpoint_id)
		return !at.port; /* write_nowhere() */
	endpoint = bpf_map_lookup_elem(&endpoints, &steering->endpoint_id);
	if (!endpoint)
		return false;
	other = (const __u32 *)endpoint->address;
	return at.port == endpoint->port && at.family == endpoint->family && one[0] == other[0] &&
	       one[1] == other[1] && one[2] == other[2] && one[3] == other[3];
}

/* A connect that is left as it is. The socket may have connected to something else before. */
static __always_inline int pass(struct bpf_sock_addr *ctx, bool v6)
{
	struct steering *steering = STEERING_OF(ctx->sk);

	if (steering && !is_steered(ctx, v6, steering))
		bpf_sk_storage_delete(&steerings, ctx->sk);
	return 1;
}

/* --- steering --- */

/* Where a connect to this service goes. */
static __always_inline bool find_way(struct search *search, struct service *service, __u8 protocol)
{
	if (!service->waypoint_id || protocol != IPPROTO_TCP)
		return find_endpoint(search);
	if (!read_endpoint(search, service->waypoint_id)) {
		search->broken = true;
		return false;
	}
	search->endpoint_id = service->waypoint_id;
	return true;
}

static __always_inline void write_steering(struct steering *steering, struct search *search,
					   struct service *service, struct service_key *asked)
{
	bool to_waypoint = search->endpoint_id && search->endpoint.flags & ENDPOINT_FLAG_WAYPOINT;
	/* Read after the dispatch: a connect that a switch overtakes belongs to the new generation. */
	__u32 generation = engine_in_force().generation;

	__builtin_memset(steering, 0, sizeof(*steering));
	__builtin_memcpy(steering->original_address, asked->address, sizeof(asked->address));
	steering->original_port = asked->port;
	steering->family = asked->family;
	steering->generation = generation;
	steering->service_id = service->service_id;
	steering->endpoint_id = search->endpoint_id;
	steering->vip_id = service->vip_id;
	if (to_waypoint) {
		steering->flags = STEERING_FLAG_WAYPOINT;
		steering->transport = service->waypoint_transport;
	}
	if (service->max_connections)
		steering->flags |= STEERING_FLAG_BOUNDED;
}

/* The steering of a socket that is about to connect, as written above; NULL, and counted, without memory. */
static __always_inline struct steering *begin_steering(struct bpf_sock_addr *ctx, struct search *search,
						       struct service *service, struct service_key *asked,
						       __u8 engine)
{
	struct steering *steering =
		bpf_sk_storage_get(&steerings, ctx->sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);

	if (!steering) {
		count_mesh_error(HELPER_SITE_STEERING_CREATE, -ENOMEM);
		return NULL;
	}
	/* An earlier connect of this socket whose end no hook has seen. */
	if (steering->flags & STEERING_FLAG_COUNTED)
		release_connection(steering, bpf_map_lookup_elem(&endpoint_health, &steering->endpoint_id));
	write_steering(steering, search, service, asked);
	steering->engine = engine;
	return steering;
}

static __always_inline void count_steered(struct search *search, __u8 protocol)
{
	if (protocol == IPPROTO_UDP)
		MESH_COUNT(datagrams_steered);
	else if (search->endpoint.flags & ENDPOINT_FLAG_WAYPOINT)
		MESH_COUNT(steered_to_waypoint);
	else
		MESH_COUNT(steered);
}

/* To an endpoint of the service, or to its waypoint, at once. */
static __always_inline int steer(struct bpf_sock_addr *ctx, bool v6, struct service *service,
				 struct service_key *asked, __u8 engine)
{
	struct search search;

	begin_search(&search, service, asked->family);
	if (!find_way(&search, service, asked->protocol))
		return refuse_unfound(ctx, &search, asked, service);
	if (!begin_steering(ctx, &search, service, asked, engine))
		return refuse_for_lack(ctx, asked, service);
	write_destination(ctx, v6, search.endpoint.address, search.endpoint.port);
	count_steered(&search, asked->protocol);
	return 1;
}

/* The engine's own way with a connect to a service. */
typedef int (*connect_to_service)(struct bpf_sock_addr *ctx, bool v6, struct service *service,
				  struct service_key *asked);

/* A connect: to a service the engine's way, unless that has as many connections as it may; to anything else as it is. */
static __always_inline int connect_by(struct bpf_sock_addr *ctx, bool v6, connect_to_service go)
{
	struct service_key asked = {};
	struct service *service;

	if (!read_destination(ctx, v6, &asked))
		return pass(ctx, v6);
	service = bpf_map_lookup_elem(&services, &asked);
	if (!service) {
		MESH_COUNT(passed);
		return pass(ctx, v6);
	}
	if (is_service_full(service))
		return refuse_too_many(ctx, &asked, service);
	return go(ctx, v6, service, &asked);
}

#endif
