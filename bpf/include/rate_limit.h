/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The limit of a rule: requests are due one interval after the other, and may come ahead of that by a burst (the generic
 * cell rate algorithm). One 64-bit word holds when the next one is due; no CPU waits for another.
 */
#ifndef UNDERMESH_RATE_LIMIT_H
#define UNDERMESH_RATE_LIMIT_H

#include "mesh_counters.h"
#include "route_maps.h"

/* Others may take a request at the same time; so often is it tried again. */
#define LIMIT_ATTEMPTS 16

static __always_inline __u64 *due_time(__u32 limit_id, __u64 now)
{
	__u64 *due = bpf_map_lookup_elem(&route_limits, &limit_id);
	long error;

	if (due)
		return due;
	error = bpf_map_update_elem(&route_limits, &limit_id, &now, BPF_NOEXIST);
	due = bpf_map_lookup_elem(&route_limits, &limit_id);
	if (!due)
		count_mesh_error(HELPER_SITE_RATE_LIMIT, error);
	return due;
}

/* Whether one more request is within a rule's limit; it then counts. Without memory there is no limit. */
static __always_inline bool is_within_limit(struct route_rule *rule)
{
	__u64 now = bpf_ktime_get_ns(), before, at, *due;
	__u32 i;

	if (!rule->limit_id)
		return true;
	due = due_time(rule->limit_id, now);
	if (!due)
		return true;
	for (i = 0; i < LIMIT_ATTEMPTS; i++) {
		before = *(volatile __u64 *)due;
		at = before > now ? before : now;
		if (at - now > rule->burst_ns)
			return false;
		if (__sync_val_compare_and_swap(due, before, at + rule->interval_ns) == before)
			return true;
	}
	return false;
}

#endif
