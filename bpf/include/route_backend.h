/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a request goes that has been matched: one of its rule's backends by weight, and of that an endpoint as for any
 * connect, the present one of its connection if that will do. What no route takes goes to the service's own endpoints.
 */
#ifndef UNDERMESH_ROUTE_BACKEND_H
#define UNDERMESH_ROUTE_BACKEND_H

#include "balance.h"
#include "rate_limit.h"
#include "request_text.h"
#include "route_choice.h"
#include "subprogram.h"

static __always_inline struct route_hits *hits_of(__u32 route, __u32 backend)
{
	struct route_hit_key key = {.route = route, .backend = backend};
	struct route_hits none = {}, *hits = bpf_map_lookup_elem(&route_hits, &key);
	long error;

	if (hits)
		return hits;
	error = bpf_map_update_elem(&route_hits, &key, &none, BPF_NOEXIST);
	hits = bpf_map_lookup_elem(&route_hits, &key);
	if (!hits)
		count_mesh_error(HELPER_SITE_ROUTE_HIT, error);
	return hits;
}

#define COUNT_HIT(route, backend, member)                              \
	({                                                             \
		struct route_hits *counters = hits_of(route, backend); \
		if (counters)                                          \
			__sync_fetch_and_add(&counters->member, 1);    \
	})

/* One of a rule's backends, by weight. */
static __always_inline struct route_backend *draw_backend(struct request_text *text, __u32 count)
{
	struct route_key key = {
		.edition = text->edition,
		.number = text->found.rule,
		.part = (__u64)bpf_get_prandom_u32() * count >> 32,
	};
	struct route_backend *backend = bpf_map_lookup_elem(&route_backends, &key);

	if (!backend || bpf_get_prandom_u32() <= backend->threshold)
		return backend;
	key.part = backend->other;
	return bpf_map_lookup_elem(&route_backends, &key);
}

/* Begins a search among the endpoints of a pool; false when there is no such pool. */
static __always_inline bool begin_pool_search(struct search *search, __u32 slots_id, __u8 family)
{
	struct pool *pool = bpf_map_lookup_elem(&pools, &slots_id);

	__builtin_memset(search, 0, sizeof(*search));
	if (!pool)
		return false;
	search->slots_id = slots_id;
	__builtin_memcpy(search->group_slots, pool->group_slots, sizeof(search->group_slots));
	search->group_count = pool->group_count;
	search->balancing = pool->balancing;
	search->family = family;
	return true;
}

/* Finds an endpoint of a pool, rather the one that the connection has. */
static __always_inline bool find_in_pool(struct search *search, struct route_choice *choice, __u32 slots_id)
{
	/* v6.2: before it a key does not lie in an argument's memory. */
	__u32 present_id = choice->endpoint_id;
	struct endpoint *present = bpf_map_lookup_elem(&endpoints, &present_id);

	if (!begin_pool_search(search, slots_id, choice->family))
		return false;
	if (present && present->slots_id == slots_id)
		search->preferred_id = present_id;
	return find_endpoint(search);
}

static __always_inline int choose_endpoint(struct request_text *text, struct route_choice *choice,
					   struct search *search, __u32 backend)
{
	text->endpoint = search->endpoint;
	choice->endpoint_id = search->endpoint_id;
	choice->route = text->found.route;
	choice->backend = backend;
	return 0;
}

static __always_inline int refuse_request(struct request_text *text, __u8 reason)
{
	text->refusal = reason;
	return -ECONNREFUSED;
}

/* No route took it. */
static __always_inline int choose_default(struct request_text *text, struct route_choice *choice)
{
	struct search search;

	choice->route = 0;
	choice->backend = 0;
	if (text->refuses) {
		COUNT_HIT(0, 0, rejected);
		MESH_COUNT(route_missed);
		return refuse_request(text, CLOSE_REASON_NO_ROUTE);
	}
	if (!find_in_pool(&search, choice, choice->slots_id)) {
		MESH_COUNT(refused_no_endpoint);
		return refuse_request(text, CLOSE_REASON_NO_ENDPOINT);
	}
	MESH_COUNT(route_default);
	return choose_endpoint(text, choice, &search, 0);
}

static __always_inline int reject(struct request_text *text, __u32 backend)
{
	COUNT_HIT(text->found.route, backend, rejected);
	MESH_COUNT(route_rejected);
	return refuse_request(text, CLOSE_REASON_ROUTE_REJECTS);
}

static __always_inline int choose_by_rule(struct request_text *text, struct route_choice *choice)
{
	struct route_key key = {.edition = text->edition, .number = text->found.rule};
	struct route_rule *rule = bpf_map_lookup_elem(&route_rules, &key);
	struct route_backend *backend;
	struct search search;
	__u32 number;

	if (!rule)
		return -EAGAIN;
	if (!is_within_limit(rule)) {
		COUNT_HIT(text->found.route, 0, limited);
		MESH_COUNT(route_limited);
		return refuse_request(text, CLOSE_REASON_RATE_LIMITED);
	}
	if (!rule->backend_count)
		return reject(text, 0);
	backend = draw_backend(text, rule->backend_count);
	if (!backend)
		return -EAGAIN;
	number = backend->number;
	if (!find_in_pool(&search, choice,
			  choice->family == ADDRESS_FAMILY_IPV4 ? backend->slots_id_v4
								: backend->slots_id_v6))
		return reject(text, number);
	COUNT_HIT(text->found.route, number, requests);
	MESH_COUNT(routed);
	return choose_endpoint(text, choice, &search, number);
}

/*
 * Chooses text->endpoint for a request that match_request() has gone through, and notes it in the connection's choice. Returns
 * 0, the errno that refuses the request, with text->refusal, or -EAGAIN as match_request() does.
 */
SUBPROGRAM int choose_backend(struct request_text *text, struct route_choice *choice)
{
	if (!text || !choice)
		return -EINVAL;
	return text->found.rule ? choose_by_rule(text, choice) : choose_default(text, choice);
}

#endif
