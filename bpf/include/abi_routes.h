/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Part of abi.h: the routes of services, as the kernel-native engine asks for them. User space fills all of these maps
 * but choices, route_hits, route_limits and service_use. What is behind a route_table is written under an edition of its
 * own, a hash of all that it says: what a request is led along never changes under it.
 */
#ifndef UNDERMESH_ABI_ROUTES_H
#define UNDERMESH_ABI_ROUTES_H

enum route_limit {
	ROUTE_LIMIT_TEXT = 256,	     /* bytes of a path or of a host name */
	ROUTE_LIMIT_NAME = 64,	     /* of a header's or parameter's name */
	ROUTE_LIMIT_VALUE = 128,     /* and of its value */
	ROUTE_LIMIT_CONDITIONS = 32, /* of one match */
	ROUTE_LIMIT_TRIES = 128,     /* matches that one path may lead through */
	ROUTE_LIMIT_HOSTS = 16,	     /* host names that one host may fall under, each within the one before */
	ROUTE_LIMIT_PATH_READ = 4096, /* a longer path has no elements that count */
};

/* Value of map route_tables, by routes_id. */
struct route_table {
	__u64 edition;
	__u32 group;   /* for every host; 0: none */
	__u32 next_id; /* the table to ask where this one has no answer: a waypoint's; 0: none */
	__u32 refuses; /* 1: what neither it nor the next one takes is refused, as a service's own routes have it */
	__u32 reserved;
	/* A bit for each length that there is, the lowest of the first byte for 1. */
	__u8 host_lengths[32];
	__u8 suffix_lengths[32];
};

enum route_text_kind {
	ROUTE_TEXT_KIND_HOST = 1,
	ROUTE_TEXT_KIND_HOST_SUFFIX = 2, /* with the dot that it begins with */
	ROUTE_TEXT_KIND_PATH = 3,
	ROUTE_TEXT_KIND_PATH_PREFIX = 4, /* without a slash at its end, of at least one element */
};

/* Key of map route_texts. */
struct route_text_key {
	__u64 edition;
	__u32 hash; /* of the text (of a host: from its end), in two ways: bpf/include/route_hash.h */
	__u32 other_hash;
	__u32 group; /* of a path; 0 for hosts */
	__u32 kind;  /* enum route_text_kind */
};

/* A host name or a path. Hashes can be forged: the text decides. */
struct route_text {
	__u32 leads_to; /* a host: group; a path: match */
	__u32 length;
	__u8 text[256]; /* ROUTE_LIMIT_TEXT, zero behind its end */
};

/* Key of maps route_groups, route_matches and route_rules (part is 0), route_conditions and route_backends. */
struct route_key {
	__u64 edition;
	__u32 number; /* of the group, match or rule, from 1 */
	__u32 part;   /* of the condition or the backend, from 0 */
};

/* The matches of one host name. */
struct route_group {
	__u32 first_match; /* of those that take every path; 0: none */
	__u32 next_group;  /* of the next name that the host falls under; 0: none */
	/* A bit for each length that there is, the lowest of the first byte for 1. */
	__u8 path_lengths[32];
	__u8 prefix_lengths[32];
};

/* One match: the first whose conditions hold takes the request. */
struct route_match {
	__u64 method; /* its bytes, the first one lowest; 0: any */
	__u32 next;   /* the next that the same path leads to, by precedence; 0: none in this group */
	__u32 route;  /* the match's number on every node; in hits, choices and samples */
	__u32 rule;
	__u32 condition_count;
};

enum route_condition_kind {
	ROUTE_CONDITION_KIND_HEADER = 1,
	ROUTE_CONDITION_KIND_HEADER_PREFIX = 2,
	ROUTE_CONDITION_KIND_QUERY = 3,
	ROUTE_CONDITION_KIND_QUERY_PREFIX = 4,
};

struct route_condition {
	__u8 kind; /* enum route_condition_kind */
	__u8 name_length;
	__u8 value_length;
	__u8 reserved;
	__u8 name[64]; /* of a header: in lower case */
	__u8 value[128];
};

/* What becomes of a request that one of a rule's matches took. */
struct route_rule {
	__u32 backend_count; /* 0: it is refused */
	__u32 limit_id;	     /* of its time in route_limits; 0: no limit */
	__u64 interval_ns;   /* from one request to the next at the limit */
	__u64 burst_ns;	     /* by how much they may be ahead of that */
};

/* One entry of a rule's alias table, as struct slot is one. */
struct route_backend {
	__u32 threshold;
	__u32 other;	   /* part of the entry that shares it */
	__u32 number;	   /* of the backend in its rule, from 1 */
	__u32 slots_id_v4; /* of the pool in each family; 0: none */
	__u32 slots_id_v6;
	__u32 service_id;
};

/* Endpoints that share requests. Value of map pools, by slots_id. */
struct pool {
	__u32 service_id;
	__u8 balancing;	  /* enum balancing */
	__u8 group_count; /* MESH_LIMIT_GROUPS at most */
	__u8 reserved[2];
	__u8 group_slots[32]; /* as in struct service */
};

/* What the latest request of a deferred connection chose. Value of map choices, by socket cookie. */
struct route_choice {
	__u32 endpoint_id;     /* 0: nowhere; before the first request the default */
	__u32 default_id;      /* where requests go that cannot be read; 0: nowhere */
	__u32 service_id;      /* the one that was asked for */
	__u32 slots_id;	       /* of that service */
	__u32 route;	       /* 0: none took it */
	__u32 backend;	       /* its number in the route's rule; 0: none */
	__u32 max_connections; /* of the service */
	__u8 family;	       /* enum address_family, IPv4 or IPv6 */
	__u8 socket_v6;	       /* 1: the socket is one of IPv6, whatever it asked for */
	__u8 reserved[2];
	__u32 vip_id; /* what was asked for */
};

/* Key of map route_hits. */
struct route_hit_key {
	__u32 route;   /* 0: no route took it, of a service that has some */
	__u32 backend; /* 0: refused before one was chosen */
};

/* Of one CPU; user space sums them. */
struct route_hits {
	__u64 requests; /* that got an endpoint */
	__u64 rejected;
	__u64 limited;
};

#endif
