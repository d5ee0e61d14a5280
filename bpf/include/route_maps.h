/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The routes of services, and what has been counted of them. User space sizes most of these maps before it loads. */
#ifndef UNDERMESH_ROUTE_MAPS_H
#define UNDERMESH_ROUTE_MAPS_H

#include "abi.h"
#include "kernel.h"
#include <bpf/bpf_helpers.h>

/* What user space writes: entries are made as they are needed. */
#define ROUTE_MAP(name, key_type, value_type)         \
	struct {                                      \
		__uint(type, BPF_MAP_TYPE_HASH);      \
		__uint(map_flags, BPF_F_NO_PREALLOC); \
		__uint(max_entries, 65536);           \
		__type(key, key_type);                \
		__type(value, value_type);            \
	} name SEC(".maps")

ROUTE_MAP(route_tables, __u32, struct route_table);
ROUTE_MAP(route_texts, struct route_text_key, struct route_text);
ROUTE_MAP(route_groups, struct route_key, struct route_group);
ROUTE_MAP(route_matches, struct route_key, struct route_match);
ROUTE_MAP(route_conditions, struct route_key, struct route_condition);
ROUTE_MAP(route_rules, struct route_key, struct route_rule);
ROUTE_MAP(route_backends, struct route_key, struct route_backend);
ROUTE_MAP(pools, __u32, struct pool);

/* By route and backend. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct route_hit_key);
	__type(value, struct route_hits);
} route_hits SEC(".maps");

/*
 * When a limit's next request would be due if all came evenly, in CLOCK_MONOTONIC, by limit_id. A limit that nobody asks for
 * long falls out, and begins anew.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64);
} route_limits SEC(".maps");

#endif
