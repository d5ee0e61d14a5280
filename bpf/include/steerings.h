/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What was done to a socket, for whoever meets it later. Shared by all objects of an agent. */
#ifndef UNDERMESH_STEERINGS_H
#define UNDERMESH_STEERINGS_H

#include "abi.h"
#include "kernel.h"
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct steering);
} steerings SEC(".maps");

#define STEERING_OF(socket) ((struct steering *)bpf_sk_storage_get(&steerings, socket, NULL, 0))

#endif
