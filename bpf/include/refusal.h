/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The record of a connect or of a request that we refuse, into the ring of the agent that observes, counted with all ends that it makes.
 * That agent may come and go while programs stay: it puts its ring in reach, and takes it away when it goes.
 */
#ifndef UNDERMESH_REFUSAL_H
#define UNDERMESH_REFUSAL_H

#include "mesh_maps.h"
#include <bpf/bpf_endian.h>

/* The map `records` of observe.bpf.c, or nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_RINGBUF);
			__uint(max_entries, 1 << 16);
		});
} observed_records SEC(".maps");

/* Its map `totals`. By sizes: the compiler describes no structure that only this deep a place names. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
			__uint(max_entries, 1);
			__uint(key_size, sizeof(__u32));
			__uint(value_size, sizeof(struct kernel_totals));
		});
} observed_totals SEC(".maps");

/* Why a service without slots has none. */
static __always_inline __u8 lack_of(struct service *service)
{
	if (service->flags & SERVICE_FLAG_NO_WAYPOINT)
		return CLOSE_REASON_NO_WAYPOINT;
	return service->flags & SERVICE_FLAG_ELSEWHERE ? CLOSE_REASON_NO_ENDPOINT_NEAR
						       : CLOSE_REASON_NO_ENDPOINT;
}

/* Where it puts its records, and what it counts. */
struct observed {
	void *ring;
	struct kernel_totals *totals;
};

static __always_inline bool find_observed(struct observed *observed)
{
	__u32 zero = 0;
	void *totals;

	observed->ring = bpf_map_lookup_elem(&observed_records, &zero);
	totals = bpf_map_lookup_elem(&observed_totals, &zero);
	if (!observed->ring || !totals)
		return false;
	observed->totals = bpf_map_lookup_elem(totals, &zero);
	return observed->totals != NULL;
}

/* What was refused. */
struct refusal {
	struct service_key *asked;
	__u32 service_id;
	__u8 reason; /* enum close_reason */
	__u8 engine; /* enum engine */
	bool v6;     /* of a socket of IPv6 */
};

static __always_inline void note_asked(struct connection_record *record, struct refusal *refusal)
{
	struct service_key *asked = refusal->asked;

	record->family = asked->family;
	if (refusal->v6 && asked->family == ADDRESS_FAMILY_IPV4)
		record->family = ADDRESS_FAMILY_V4_MAPPED;
	__builtin_memcpy(record->peer_address, asked->address, sizeof(asked->address));
	__builtin_memcpy(record->original_address, asked->address, sizeof(asked->address));
	record->peer_port = asked->port;
	record->original_port = asked->port;
}

/* All but who asked; to be submitted. NULL, and counted, when the ring is full. */
static __always_inline struct connection_record *begin_refusal(struct observed *observed,
							       struct refusal *refusal)
{
	struct connection_record *record = bpf_ringbuf_reserve(observed->ring, sizeof(*record), 0);

	if (!record) {
		__sync_fetch_and_add(&observed->totals->ends_lost_ring_full, 1);
		return NULL;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->kind = RECORD_KIND_CONNECTION;
	record->event = RECORD_EVENT_FAILED;
	record->reporter = REPORTER_SOURCE;
	record->reason = refusal->reason;
	record->engine = refusal->engine;
	record->generation = engine_in_force().generation;
	record->service_id = refusal->service_id;
	record->time_ns = bpf_ktime_get_boot_ns();
	record->opened_ns = record->time_ns;
	note_asked(record, refusal);
	return record;
}

static __always_inline void submit_refusal(struct observed *observed, struct connection_record *record)
{
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	__sync_fetch_and_add(&observed->totals->ends_emitted, 1);
}

static __always_inline void note_process(struct connection_record *record, struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;

	record->pid = task->tgid;
	bpf_probe_read_kernel(record->process, sizeof(record->process), leader->comm);
}

/* --- connects --- */

/* Who asked: the present process, and the cgroup that its socket was created in. */
static __always_inline void note_asking(struct connection_record *record, struct bpf_sock_addr *ctx)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(ctx->sk);
	struct cgroup *cgroup;

	note_process(record, bpf_get_current_task_btf());
	record->socket_cookie = bpf_get_socket_cookie(ctx);
	record->netns_cookie = bpf_get_netns_cookie(ctx);
	if (!tcp)
		return;
	cgroup = tcp->inet_conn.icsk_inet.sk.sk_cgrp_data.cgroup;
	if (cgroup)
		record->cgroup_id = cgroup->kn->id;
}

/* Of TCP alone: there are no records of datagrams. */
static __always_inline void record_refusal(struct bpf_sock_addr *ctx, struct service_key *asked,
					   struct service *service, __u8 reason)
{
	struct refusal refusal = {
		.asked = asked,
		.service_id = service->service_id,
		.reason = reason,
		.engine = engine_in_force().engine,
		.v6 = ctx->family == AF_INET6,
	};
	struct connection_record *record;
	struct observed observed;

	if (asked->protocol != IPPROTO_TCP || !find_observed(&observed))
		return;
	record = begin_refusal(&observed, &refusal);
	if (!record)
		return;
	note_asking(record, ctx);
	submit_refusal(&observed, record);
}

#endif
