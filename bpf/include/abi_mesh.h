/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Part of abi.h: what the traffic engines steer by. User space fills services, slots, endpoints and vips; the kernel only
 * reads those and keeps endpoint_health, steering and generation_use. Identifiers are given by the agent, stay the same
 * for as long as the thing exists, and are read back from the maps by the next run; 0 is none.
 */
#ifndef UNDERMESH_ABI_MESH_H
#define UNDERMESH_ABI_MESH_H

enum mesh_limit {
	MESH_LIMIT_GROUPS = 8,	 /* locality groups of a service, nearest first */
	MESH_LIMIT_REFUSALS = 3, /* refused connects in a row that set an endpoint aside */
	MESH_LIMIT_SET_ASIDE_MS =
		10000, /* for how long, the first time; doubled each time it is refused again */
	MESH_LIMIT_SET_ASIDE_DOUBLED = 4, /* so many times at most */
	MESH_LIMIT_TRIAL_MS = 5000,	  /* for one connect to try an endpoint again, alone */
};

/* Which endpoint of a group a connect gets. */
enum balancing {
	BALANCING_WEIGHTED_RANDOM = 1,
	BALANCING_ROUND_ROBIN = 2, /* weights are taken as equal */
	BALANCING_LEAST_CONNECTIONS =
		3, /* the better of two weighted random choices, as seen from this node */
};

/* How a waypoint learns the original destination. */
enum waypoint_transport {
	WAYPOINT_TRANSPORT_NONE = 0,
	WAYPOINT_TRANSPORT_SYN_OPTION = 1,
	WAYPOINT_TRANSPORT_PROXY_V2 = 2,
	WAYPOINT_TRANSPORT_KMESH_TLV = 3,
};

/* Bits of service.flags. */
enum service_flag {
	SERVICE_FLAG_SHORTCUT = 1,    /* sockets of one node may be joined */
	SERVICE_FLAG_ELSEWHERE = 2,   /* no slots: its endpoints are where its locality lets no connect go */
	SERVICE_FLAG_NO_WAYPOINT = 4, /* no slots: it has a waypoint that cannot be reached from here */
};

/* Bits of endpoint.flags. */
enum endpoint_flag {
	ENDPOINT_FLAG_LOCAL = 1,    /* on this node */
	ENDPOINT_FLAG_DRAINING = 2, /* gets no new connection; kept for those it has */
	ENDPOINT_FLAG_WAYPOINT = 4, /* a waypoint, in no service's slots */
};

/* Set before load. */
struct engine_config {
	__u32 owner;	       /* this agent's number among the agents of this kernel; never 0 */
	__u32 marks_ownership; /* 1: an agent nearer than another one marks its sockets */
};

/* A virtual address and port: the key of map services. */
struct service_key {
	__u8 address[16];
	__u16 port;
	__u8 family;   /* enum address_family, IPv4 or IPv6 */
	__u8 protocol; /* IPPROTO_TCP or IPPROTO_UDP */
};

/* One port of a service at one of its addresses. With no slot in any group a connect is refused. */
struct service {
	__u32 service_id;	 /* of the service as a whole, in records too */
	__u32 slots_id;		 /* whose slots these are: the same for each of its addresses of a family */
	__u32 vip_id;		 /* what names this address and port in a SYN option */
	__u32 waypoint_id;	 /* endpoint that connects go to instead; 0: none */
	__u8 balancing;		 /* enum balancing */
	__u8 group_count;	 /* MESH_LIMIT_GROUPS at most */
	__u8 waypoint_transport; /* enum waypoint_transport */
	__u8 flags;		 /* enum service_flag bits */
	__u8 group_slots[32];	 /* MESH_LIMIT_GROUPS times __u32: slots of each group */
	__u32 routes_id;	 /* of the route_table that its requests are asked for by; 0: none */
	__u32 grace_ms;	       /* how long a deferred connect waits for a request; 0: as long as its client */
	__u32 max_connections; /* open ones from this node; 0: any number */
	__u32 reserved;
};

/* Key of map slots. */
struct slot_key {
	__u32 slots_id;
	__u32 group;
	__u32 slot; /* from 0 */
};

/*
 * One entry of a group's alias table: a random number up to and with `threshold` takes the first endpoint, else the
 * other. Each endpoint of the group is the first of exactly one slot: turns are taken, and what is left is looked for,
 * by first endpoints.
 */
struct slot {
	__u32 threshold;
	__u32 endpoint_id;
	__u32 other_endpoint_id;
};

/* Value of map endpoints, by endpoint id. */
struct endpoint {
	__u8 address[16];
	__u16 port;
	__u8 family;	/* enum address_family, IPv4 or IPv6 */
	__u8 flags;	/* enum endpoint_flag bits */
	__u32 slots_id; /* 0 for a waypoint */
	__u32 weight;
};

/* What this node has seen of an endpoint, by endpoint id; made by user space together with the endpoint. */
struct endpoint_health {
	__u64 set_aside_until_ns UNIT("boottime"); /* 0: not set aside */
	__u32 refusals;				   /* connects refused in a row */
	__u32 times_set_aside;			   /* in a row; 0 again after a connect that succeeded */
	__u32 open_connections;			   /* steered by this node and not over */
	__u32 trying;				   /* 1: its time is over, and one connect tries it */
};

/* The engine in force: one 64-bit word, so that both change at once. Map engine_state, one entry. */
struct engine_state {
	__u32 engine; /* enum engine */
	__u32 generation;
};

/* Bits of steering.flags. */
enum steering_flag {
	STEERING_FLAG_WAYPOINT = 1,
	STEERING_FLAG_COUNTED = 2,   /* in open_connections and generation_use */
	STEERING_FLAG_SHORTCUT = 4,  /* joined with a socket of this node */
	STEERING_FLAG_ACCEPTED = 8,  /* a waypoint's: what the client had asked for */
	STEERING_FLAG_OPTION = 16,   /* its segments carry the option */
	STEERING_FLAG_PREFACE = 32,  /* a preface is to go before its first byte */
	STEERING_FLAG_ROUTED = 64,   /* deferred: its requests choose its endpoint, one after the other */
	STEERING_FLAG_BOUNDED = 128, /* counted in service_use */
};

/*
 * What became of a steered socket: its socket storage, from connect() on; at a waypoint from accept on, with only what was
 * asked for and vip_id. Spare bytes are zero.
 */
struct steering {
	__u8 original_address[16]; /* what the application asked for */
	__u16 original_port;
	__u8 family; /* enum address_family */
	__u8 engine; /* enum engine */
	__u32 service_id;
	__u32 endpoint_id; /* of the endpoint or of the waypoint */
	__u32 vip_id;
	__u32 generation;
	__u16 flags;	     /* enum steering_flag bits */
	__u16 transport;     /* enum waypoint_transport */
	__u64 socket_cookie; /* known once a preface needs it */
	__u32 preface_bytes; /* sent before the application's, and no payload */
	__u8 spare[12];
};

/* Value of map service_names, by service id: what a PROXY header calls the service. */
struct service_name {
	__u8 length; /* of name, which ends without a zero */
	char name[63];
};

/* Addresses that connections with a SYN option may come from: a prefix, in IPv6's form (::ffff:a.b.c.d). */
struct mesh_node {
	__u32 prefix_bits; /* of address; 96 more than IPv4 counts */
	__u8 address[16];
};

/* Counters of one CPU since they were made; user space sums them. */
struct mesh_totals {
	__u64 steered; /* connects to a virtual address that got an endpoint */
	__u64 steered_to_waypoint;
	__u64 refused_no_endpoint; /* connects to a virtual address that has none */
	__u64 passed;		   /* connects to other addresses */
	__u64 passed_off;	   /* connects while the engine was off */
	__u64 set_aside;	   /* times that an endpoint was */
	__u64 all_set_aside;	   /* connects that got one nevertheless, as no other was left */
	__u64 failed;		   /* refused because a map entry or storage was missing */
	__u64 datagrams_steered;   /* datagrams and connected UDP sockets */
	__u64 option_lost; /* connections a waypoint's node took without the option that they should have had */
	__u64 option_unknown;	/* with an identifier that nobody knows */
	__u64 option_untrusted; /* with an option from an address that is no node of ours */
	__u64 option_taken;
	__u64 shortcut_connections;
	__u64 shortcut_bytes;
	__u64 deferred;	     /* connects whose first request chooses the endpoint */
	__u64 defer_refused; /* that the module would not defer: they went to the default endpoint */
	__u64 routed;	     /* requests that got the endpoint of a route */
	__u64 route_default; /* that no route took, or that none was asked for: to the service's own endpoints */
	__u64 route_missed;   /* refused: the service has routes, and none took it */
	__u64 route_rejected; /* refused: a route took it that has no backend or no endpoint to give */
	__u64 route_limited;  /* refused: more than its route lets pass in the time */
	__u64 refused_too_many; /* connects and first requests refused: the service has its maximum of connections */
};

#endif
