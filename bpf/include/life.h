/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What becomes of steered connections: how many are open, by endpoint, by generation and by service that has a maximum,
 * and which endpoints refuse.
 * A steering is counted from its SYN until its socket closes. Whoever sees the end first takes the flag away.
 */
#ifndef UNDERMESH_LIFE_H
#define UNDERMESH_LIFE_H

#include "mesh_maps.h"

static __always_inline void use_generation(__u32 generation)
{
	__u64 none = 0, *use = bpf_map_lookup_elem(&generation_use, &generation);
	long error = 0;

	if (!use) {
		error = bpf_map_update_elem(&generation_use, &generation, &none, BPF_NOEXIST);
		use = bpf_map_lookup_elem(&generation_use, &generation);
	}
	if (use)
		__sync_fetch_and_add(use, 1);
	else
		count_mesh_error(HELPER_SITE_GENERATION_USE, error);
}

/* Whether a service has as many connections from this node as it may. */
static __always_inline bool is_full(__u32 service_id, __u32 max_connections)
{
	__u32 *open = bpf_map_lookup_elem(&service_use, &service_id);

	return open && *open >= max_connections;
}

static __always_inline bool is_service_full(struct service *service)
{
	return service->max_connections && is_full(service->service_id, service->max_connections);
}

static __always_inline void use_service(__u32 service_id)
{
	__u32 none = 0, *open = bpf_map_lookup_elem(&service_use, &service_id);
	long error = 0;

	if (!open) {
		error = bpf_map_update_elem(&service_use, &service_id, &none, BPF_NOEXIST);
		open = bpf_map_lookup_elem(&service_use, &service_id);
	}
	if (open)
		__sync_fetch_and_add(open, 1);
	else
		count_mesh_error(HELPER_SITE_SERVICE_USE, error);
}

static __always_inline void release_service(__u32 service_id)
{
	__u32 *open = bpf_map_lookup_elem(&service_use, &service_id);

	if (open && *open)
		__sync_fetch_and_add(open, -1);
}

static __always_inline void count_connection(struct steering *steering)
{
	struct endpoint_health *health;

	if (steering->flags & STEERING_FLAG_COUNTED)
		return;
	steering->flags |= STEERING_FLAG_COUNTED;
	health = bpf_map_lookup_elem(&endpoint_health, &steering->endpoint_id);
	if (health)
		__sync_fetch_and_add(&health->open_connections, 1);
	use_generation(steering->generation);
	if (steering->flags & STEERING_FLAG_BOUNDED)
		use_service(steering->service_id);
}

/* Entries that were made anew since start at 0: what they have not counted is not taken off. */
static __always_inline void release_connection(struct steering *steering, struct endpoint_health *health)
{
	__u64 *use = bpf_map_lookup_elem(&generation_use, &steering->generation);

	steering->flags &= ~STEERING_FLAG_COUNTED;
	if (health && health->open_connections)
		__sync_fetch_and_add(&health->open_connections, -1);
	if (use && *use)
		__sync_fetch_and_add(use, -1);
	if (steering->flags & STEERING_FLAG_BOUNDED)
		release_service(steering->service_id);
}

/* The endpoint did not take a connect. One that has just been set aside is not punished for what was under way. */
static __always_inline void note_refusal(struct endpoint_health *health)
{
	__u64 now = bpf_ktime_get_boot_ns();
	__u32 doubled = health->times_set_aside, enough = doubled ? 1 : MESH_LIMIT_REFUSALS;

	if (!health->trying &&
	    (health->set_aside_until_ns > now || __sync_fetch_and_add(&health->refusals, 1) + 1 < enough))
		return;
	if (doubled > MESH_LIMIT_SET_ASIDE_DOUBLED)
		doubled = MESH_LIMIT_SET_ASIDE_DOUBLED;
	health->set_aside_until_ns = now + ((__u64)MESH_LIMIT_SET_ASIDE_MS * 1000000 << doubled);
	health->times_set_aside += 1;
	health->refusals = 0;
	health->trying = 0;
	MESH_COUNT(set_aside);
}

static __always_inline void note_success(struct steering *steering)
{
	struct endpoint_health *health = bpf_map_lookup_elem(&endpoint_health, &steering->endpoint_id);

	if (!health)
		return;
	if (health->refusals)
		health->refusals = 0;
	if (health->times_set_aside) {
		health->times_set_aside = 0;
		health->set_aside_until_ns = 0;
		health->trying = 0;
	}
}

/* An application that gave up says nothing of the endpoint, unless a SYN of it had been sent again in vain. */
static __always_inline bool was_refused(struct tcp_sock *tcp)
{
	switch (tcp->inet_conn.icsk_inet.sk.sk_err) {
	case ECONNREFUSED:
	case ETIMEDOUT:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
		return true;
	case 0:
		return tcp->total_retrans > 0;
	default:
		return false;
	}
}

/* The socket closes. */
static __always_inline void end_connection(struct steering *steering, struct tcp_sock *tcp, int old_state)
{
	struct endpoint_health *health;

	if (!(steering->flags & STEERING_FLAG_COUNTED))
		return;
	health = bpf_map_lookup_elem(&endpoint_health, &steering->endpoint_id);
	release_connection(steering, health);
	if (health && old_state == TCP_SYN_SENT && was_refused(tcp))
		note_refusal(health);
}

#endif
