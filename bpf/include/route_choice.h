/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What deferred connections chose, for whoever meets them later. Shared by all objects of an agent. */
#ifndef UNDERMESH_ROUTE_CHOICE_H
#define UNDERMESH_ROUTE_CHOICE_H

#include "abi.h"
#include "kernel.h"
#include <bpf/bpf_helpers.h>

/* By socket cookie. One that falls out costs a request its route: its connection goes on where it is. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct route_choice);
} choices SEC(".maps");

#endif
