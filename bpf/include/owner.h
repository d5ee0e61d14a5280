/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which agent a socket belongs to: the one nearest to the workload. */
#ifndef UNDERMESH_OWNER_H
#define UNDERMESH_OWNER_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>

/* Shared by all agents of this kernel (pinned), by the number of the agent. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, __u32);
} socket_owner SEC(".maps");

/*
 * True when an agent nearer to the workload has this socket. Otherwise marks it as ours, if we are to mark. `settings` has
 * the members owner and marks_ownership; `count_failure` takes a site and a negative errno.
 */
#define OWNED_BY_ANOTHER(socket, settings, count_failure)                                           \
	({                                                                                          \
		__u32 mine = (settings).owner;                                                      \
		__u32 *owner = bpf_sk_storage_get(&socket_owner, socket, NULL, 0);                  \
		if (!owner && (settings).marks_ownership &&                                         \
		    !bpf_sk_storage_get(&socket_owner, socket, &mine, BPF_SK_STORAGE_GET_F_CREATE)) \
			count_failure(HELPER_SITE_OWNER_CREATE, -ENOMEM);                           \
		owner &&*owner != mine;                                                             \
	})

#endif
