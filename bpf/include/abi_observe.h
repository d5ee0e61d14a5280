/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Part of abi.h: what observing counts, is told and lists besides its records; and where helpers can fail, those of every
 * program.
 */
#ifndef UNDERMESH_ABI_OBSERVE_H
#define UNDERMESH_ABI_OBSERVE_H

/* Counters of one CPU since the object was loaded; user space sums them. "Ends" are CLOSED and FAILED records. */
struct kernel_totals {
	__u64 ends_emitted;	   /* written to the ring */
	__u64 ends_lost_ring_full; /* made, and not written because the ring was full */
	__u64 opened_emitted;
	__u64 progress_emitted;
	__u64 deferred; /* OPENED or PROGRESS put off to the next look because the ring was full; nothing is lost */
	__u64 storage_failed; /* no room for a socket's storage: its record has no process */
	__u64 connects;	      /* connect() that reached a SYN */
	__u64 established_source;
	__u64 established_destination;
	__u64 skipped_other_agent; /* belongs to an agent nearer to the workload */
	__u64 http_requests;	   /* samples written to the ring */
	__u64 http_requests_lost;  /* requests that found the ring full */
	__u64 http_records_emitted;
	__u64 http_framing_lost; /* times that a connection's HTTP could no longer be followed */
};

/* Where a helper can fail; the agent exports counts by site and errno. */
enum helper_site {
	HELPER_SITE_STORAGE_CREATE = 1,
	HELPER_SITE_OWNER_CREATE = 2,
	HELPER_SITE_RING_RESERVE = 3,
	HELPER_SITE_CGROUP_NAME = 4,
	HELPER_SITE_STATE_FLAG = 5,
	HELPER_SITE_STEERING_CREATE = 6,
	HELPER_SITE_DATAGRAM = 7,
	HELPER_SITE_ROUND_ROBIN = 8,
	HELPER_SITE_GENERATION_USE = 9,
	HELPER_SITE_WRITE_OPTION = 10, /* -28: no room in the SYN */
	HELPER_SITE_SAVE_SYN = 11,
	HELPER_SITE_PREFACE = 12,
	HELPER_SITE_DEFER = 13, /* undermesh_defer() */
	HELPER_SITE_CHOICE = 14,
	HELPER_SITE_ROUTE_HIT = 15,
	HELPER_SITE_RATE_LIMIT = 16,
	HELPER_SITE_SERVICE_USE = 17,
	HELPER_SITE_READ_HEAD = 18,
};

struct helper_error {
	__u32 site;  /* enum helper_site */
	__s32 error; /* negative errno */
};

/* The last two path components of a cgroup, kept while user space has not yet looked, so that names outlive it. */
struct cgroup_name {
	char parent[64];
	char name[64];
};

/* Set before load. */
struct observe_config {
	__u64 cgroup_id;       /* the cgroup the agent is attached to; 0: the whole host */
	__u32 cgroup_level;    /* its depth: 0 is the root */
	__u32 owner;	       /* this agent's number among the agents of this kernel; never 0 */
	__u32 marks_ownership; /* 1: an agent nearer than another one marks its sockets */
	__u32 progress_interval_ms;
};

/* Changed while running, through the memory-mapped map `control`. */
struct observe_control {
	__u32 announce_generation; /* raised to have everything open announced again */
	__u32 hurry; /* 1: samples of requests wait for no others; set when nothing is attached any more */
};

/* One listening socket, as the iterator `list_listeners` writes them. */
struct listener_entry {
	__u64 socket_cookie;
	__u64 cgroup_id;
	__u64 netns_cookie;
	__u8 address[16]; /* all zero: every address of the namespace */
	char process[16];
	__u32 pid;
	__u16 port;
	__u8 family; /* enum address_family; IPv6 for one that takes both */
	__u8 reserved;
};

#endif
