/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The services of the mesh by their addresses, and their addresses by identifier. User space sizes these maps. */
#ifndef UNDERMESH_SERVICE_MAPS_H
#define UNDERMESH_SERVICE_MAPS_H

#include "abi.h"
#include "kernel.h"
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct service_key);
	__type(value, struct service);
} services SEC(".maps");

/* By the identifier that travels in a SYN option. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct service_key);
} vips SEC(".maps");

#endif
