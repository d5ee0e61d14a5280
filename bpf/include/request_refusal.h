/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The record of a request that we refuse. Its connection is at its end then; one that had been established has a record of that
 * besides. Refused connects are in refusal.h.
 */
#ifndef UNDERMESH_REQUEST_REFUSAL_H
#define UNDERMESH_REQUEST_REFUSAL_H

#include "refusal.h"
#include "route_choice.h"
#include "service_maps.h"

/* Who sent it: the present process; its cgroup and namespace stand for its socket's. The kernel's own work is nobody's. */
static __always_inline void note_sender(struct connection_record *record)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (task->flags & PF_KTHREAD)
		return;
	note_process(record, task);
	record->cgroup_id = task->cgroups->dfl_cgrp->kn->id;
	record->netns_cookie = task->nsproxy->net_ns->net_cookie;
}

/* `choice` is its connection's. A service that has gone meanwhile has no address to tell. */
static __always_inline void record_request_refusal(__u64 socket_cookie, struct route_choice *choice,
						   __u8 reason)
{
	__u32 vip_id = choice->vip_id;
	struct refusal refusal = {
		.asked = bpf_map_lookup_elem(&vips, &vip_id),
		.service_id = choice->service_id,
		.reason = reason,
		.engine = ENGINE_KERNEL_NATIVE,
		.v6 = choice->socket_v6,
	};
	struct connection_record *record;
	struct observed observed;

	if (!refusal.asked || !find_observed(&observed))
		return;
	record = begin_refusal(&observed, &refusal);
	if (!record)
		return;
	record->socket_cookie = socket_cookie;
	note_sender(record);
	submit_refusal(&observed, record);
}

#endif
