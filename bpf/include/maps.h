/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps of the observing object, named after what they hold. */
#ifndef UNDERMESH_MAPS_H
#define UNDERMESH_MAPS_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include "errors.h"
#include "owner.h"
#include "http_exchange.h"

/*
 * Where a socket stands. It only moves by compare-and-swap or exchange: the iterator announces a connection
 * while another CPU may be closing it, and the closing record must know whether it was announced.
 */
enum phase {
	PHASE_NONE = 0,
	PHASE_CONNECTING = 1,
	PHASE_OPEN = 2,
	PHASE_ANNOUNCED = 3,
	PHASE_LISTENING = 4,
	PHASE_CLOSED = 5,
};

/* What is remembered of a socket from its first hook to its last. Never leaves the kernel. */
struct connection_state {
	__u32 phase; /* enum phase */
	__u32 announce_generation;
	__u64 opened_ns;
	__u64 reported_ns;    /* when the last OPENED or PROGRESS record was made */
	__u64 reported_bytes; /* sent and received, as that record had them */
	__u64 cgroup_id;
	__u32 pid;
	__u32 connect_us;
	__u32 client_isn;
	__u32 server_isn;
	__u16 flags;	     /* enum record_flag */
	__u8 reporter;	     /* enum reporter */
	__u8 protocol;	     /* enum http_protocol; apart from flags, which others write at the same time */
	__u32 preface_bytes; /* that stand before the first request, and are none of it */
	char process[16];
};

/*
 * Cloned: a child inherits what was written on its listener, so that the accepting process is known without a
 * look-up and cannot be taken for another one that listens on the same port.
 */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct connection_state);
} connections SEC(".maps");

/*
 * The HTTP of a connection, from the first payload that may be HTTP. Not cloned: what a listener has is nobody's. For
 * sockets whose connection is in `connections` only.
 */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct http_exchange);
} http_exchanges SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} records SEC(".maps");

/*
 * By sizes, as the one that stands for it in observed_totals (refusal.h): before v6.2, db559117828d ("bpf: Consolidate
 * spin_lock, timer management into btf_record"), a map whose value is described is not like one whose value is not.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct kernel_totals));
} totals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct helper_error);
	__type(value, __u64);
} helper_errors SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct cgroup_name);
} cgroup_names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct observe_control);
} control SEC(".maps");

static __always_inline struct kernel_totals *this_cpu_totals(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&totals, &zero);
}

#define STATE_OF(socket) ((struct connection_state *)bpf_sk_storage_get(&connections, socket, NULL, 0))

/* BPF programs of one CPU do not interrupt each other at these hooks except from softirq: the add must be
 * atomic. */
#define COUNT_BY(member, number)                                         \
	({                                                               \
		struct kernel_totals *counters = this_cpu_totals();      \
		if (counters)                                            \
			__sync_fetch_and_add(&counters->member, number); \
	})
#define COUNT(member) COUNT_BY(member, 1)

/* Notes that a helper failed at a site. Takes a negative errno. */
static __always_inline void count_helper_error(__u32 site, __s32 error)
{
	count_error(&helper_errors, site, error);
}

#endif
