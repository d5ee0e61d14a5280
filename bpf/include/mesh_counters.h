/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the objects of the mesh count. Shared by all of them. */
#ifndef UNDERMESH_MESH_COUNTERS_H
#define UNDERMESH_MESH_COUNTERS_H

#include "errors.h"
#include "kernel.h"
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mesh_totals);
} mesh_totals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct helper_error);
	__type(value, __u64);
} mesh_errors SEC(".maps");

static __always_inline struct mesh_totals *this_cpu_mesh_totals(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&mesh_totals, &zero);
}

/* Atomic: a softirq on the same CPU counts as well. */
#define MESH_COUNT_BY(member, number)                                    \
	({                                                               \
		struct mesh_totals *counters = this_cpu_mesh_totals();   \
		if (counters)                                            \
			__sync_fetch_and_add(&counters->member, number); \
	})
#define MESH_COUNT(member) MESH_COUNT_BY(member, 1)

/* Takes a negative errno. */
static __always_inline void count_mesh_error(__u32 site, __s32 error)
{
	count_error(&mesh_errors, site, error);
}

#endif
