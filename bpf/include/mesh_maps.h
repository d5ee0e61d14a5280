/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps that the dual engine steers by, named after what they hold. User space sizes them before it loads. */
#ifndef UNDERMESH_MESH_MAPS_H
#define UNDERMESH_MESH_MAPS_H

#include "mesh_counters.h"
#include "owner.h"
#include "service_maps.h"
#include "steerings.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct slot_key);
	__type(value, struct slot);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct endpoint);
} endpoints SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct endpoint_health);
} endpoint_health SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct engine_state);
} engine_state SEC(".maps");

static __always_inline struct engine_state engine_in_force(void)
{
	struct engine_state state = {.engine = ENGINE_OFF};
	__u32 zero = 0;
	__u64 *word = bpf_map_lookup_elem(&engine_state, &zero);

	if (word)
		*(__u64 *)&state = *(volatile __u64 *)word;
	return state;
}

/* Open connections by the generation that steered them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} generation_use SEC(".maps");

/* Open connections of services that have a maximum, by service id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u32);
} service_use SEC(".maps");

struct turn_key {
	__u32 slots_id;
	__u32 group;
};

/* How many turns of a group have been taken. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct turn_key);
	__type(value, __u64);
} round_robin SEC(".maps");

/* A socket and what it exchanges datagrams with: an endpoint in `datagrams`, a service in `datagram_endpoints`. */
struct datagram_key {
	__u64 socket_cookie;
	struct service_key peer;
	__u32 reserved;
};

/* The service that a socket's datagrams to an endpoint were meant for: where that endpoint's seem to come from. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct datagram_key);
	__type(value, struct service_key);
} datagrams SEC(".maps");

/* The endpoint that a socket's datagrams to a service go to, so that all of them go to the same. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct datagram_key);
	__type(value, __u32);
} datagram_endpoints SEC(".maps");

/* The program of each engine, by enum engine: one array for each hook, as the kernel demands. */
#define ENGINE_PROGRAMS(hook)                          \
	struct {                                       \
		__uint(type, BPF_MAP_TYPE_PROG_ARRAY); \
		__uint(max_entries, 3);                \
		__type(key, __u32);                    \
		__type(value, __u32);                  \
	} hook##_programs SEC(".maps")

ENGINE_PROGRAMS(connect4);
ENGINE_PROGRAMS(connect6);
ENGINE_PROGRAMS(sendmsg4);
ENGINE_PROGRAMS(sendmsg6);

#endif
