/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every structure, enum and limit that crosses from the kernel to user space.
 *
 * packages/bpf-abi is generated from this file through the compiler's BTF (`npm run generate`); nothing mirrors
 * it by hand. Layouts only grow at their end. No implicit padding, bitfields, unions or pointers: the generator
 * refuses them. Units stand in the names. Integers have the byte order of the machine; addresses and nothing
 * else are in network order; ports are in host order.
 */
#ifndef UNDERMESH_ABI_H
#define UNDERMESH_ABI_H

#include <linux/types.h>

#define UNDERMESH_ABI_VERSION 2

enum record_kind {
	RECORD_KIND_CONNECTION = 1,
	RECORD_KIND_HTTP = 2,
	RECORD_KIND_LEG = 3,
};

/* What a connection record reports about its end of the connection. */
enum record_event {
	RECORD_EVENT_OPENED = 1,   /* seen open by the once-a-second look; totals so far */
	RECORD_EVENT_PROGRESS = 2, /* still open and active for 5 s since the last record; totals so far */
	RECORD_EVENT_CLOSED = 3,   /* was established and is over; final totals */
	RECORD_EVENT_FAILED = 4,   /* a connect that was never established; if we refused it, without a SYN */
};

enum reporter {
	REPORTER_SOURCE = 1,	  /* this end called connect() */
	REPORTER_DESTINATION = 2, /* this end accepted */
};

enum address_family {
	ADDRESS_FAMILY_IPV4 = 1,
	ADDRESS_FAMILY_IPV6 = 2,
	ADDRESS_FAMILY_V4_MAPPED = 3, /* an IPv6 socket that speaks IPv4; addresses are written as IPv4 */
};

enum engine {
	ENGINE_OFF = 0,
	ENGINE_DUAL_ENGINE = 1,
	ENGINE_KERNEL_NATIVE = 2,
};

enum close_reason {
	CLOSE_REASON_NONE = 0,	      /* still open */
	CLOSE_REASON_LOCAL_FIN = 1,   /* this end closed first */
	CLOSE_REASON_PEER_FIN = 2,    /* the peer closed first */
	CLOSE_REASON_LOCAL_RESET = 3, /* this end gave up with data in flight or unread */
	CLOSE_REASON_PEER_RESET = 4,
	CLOSE_REASON_TIMED_OUT = 5,	       /* established, then no answer (ETIMEDOUT) */
	CLOSE_REASON_KILLED = 6,	       /* by an administrator (ECONNABORTED) */
	CLOSE_REASON_UNREACHABLE = 7,	       /* established, then the network said no */
	CLOSE_REASON_REFUSED = 16,	       /* the SYN was answered by a reset */
	CLOSE_REASON_CONNECT_TIMED_OUT = 17,   /* the SYN was never answered */
	CLOSE_REASON_CONNECT_ABORTED = 18,     /* the application gave up before an answer */
	CLOSE_REASON_CONNECT_UNREACHABLE = 19, /* ICMP said host or network unreachable */
	CLOSE_REASON_NO_ENDPOINT = 20,	       /* refused by the mesh: the service has no endpoint to give */
	CLOSE_REASON_NO_ENDPOINT_NEAR = 21,    /* refused by the mesh: none where its locality allows */
	CLOSE_REASON_NO_WAYPOINT = 22, /* refused by the mesh: its waypoint cannot be reached from here */
	CLOSE_REASON_NOT_STEERED = 23, /* refused by the mesh: what it takes to steer was missing */
};

/* Bits of connection_record.flags. */
enum record_flag {
	RECORD_FLAG_ESTABLISHED = 1,	   /* the handshake was completed */
	RECORD_FLAG_ANNOUNCED = 2,	   /* an OPENED record was made for it earlier */
	RECORD_FLAG_ADOPTED = 4,	   /* older than the agent: opened_ns is when it was first seen */
	RECORD_FLAG_REANNOUNCED = 8,	   /* OPENED again for a new collector: totals are a baseline */
	RECORD_FLAG_HALF_CLOSED = 16,	   /* one direction has been shut */
	RECORD_FLAG_REPORTER_GUESSED = 32, /* an older one: which side connected is a guess */
	RECORD_FLAG_HTTP1 = 64, /* what its first payload bytes were; none of the four: no payload yet */
	RECORD_FLAG_TLS = 128,
	RECORD_FLAG_HTTP2 = 256,
	RECORD_FLAG_OTHER_PROTOCOL = 512,
};

enum http_method {
	HTTP_METHOD_OTHER = 0,
	HTTP_METHOD_GET = 1,
	HTTP_METHOD_HEAD = 2,
	HTTP_METHOD_POST = 3,
	HTTP_METHOD_PUT = 4,
	HTTP_METHOD_DELETE = 5,
	HTTP_METHOD_CONNECT = 6,
	HTTP_METHOD_OPTIONS = 7,
	HTTP_METHOD_TRACE = 8,
	HTTP_METHOD_PATCH = 9,
};

/* Bits of http_sample.flags. */
enum http_sample_flag {
	HTTP_SAMPLE_FLAG_UNANSWERED = 1, /* the connection ended before a final response began; status is 0 */
	HTTP_SAMPLE_FLAG_PIPELINED = 2,	 /* sent before the answer to an earlier one was complete */
	HTTP_SAMPLE_FLAG_CUT = 4,	 /* the connection ended inside the response */
	HTTP_SAMPLE_FLAG_RESYNCED = 8,	 /* framing was lost before or in it: requests may be unseen */
};

#ifdef __bpf__
#define UNIT(name) __attribute__((btf_decl_tag("unit:" name)))
#else
#define UNIT(name)
#endif

/*
 * One end of one TCP connection. Bytes are payload. IPv4 addresses stand in the first four bytes, the rest zero.
 * client_isn and server_isn are equal in the records of both ends and join them; 0 when never established.
 */
struct connection_record {
	__u8 kind;			  /* enum record_kind */
	__u8 event;			  /* enum record_event */
	__u8 reporter;			  /* enum reporter */
	__u8 family;			  /* enum address_family */
	__u8 reason;			  /* enum close_reason */
	__u8 engine;			  /* enum engine, the one that steered it */
	__u16 flags;			  /* enum record_flag bits */
	__u64 time_ns UNIT("boottime");	  /* when the record was made */
	__u64 opened_ns UNIT("boottime"); /* connect() on the source, established on the destination */
	__u64 socket_cookie;
	__u64 cgroup_id; /* of the cgroup the socket was created in */
	__u64 netns_cookie;
	__u64 sent_bytes;
	__u64 received_bytes;
	__u8 local_address[16];
	__u8 peer_address[16];
	__u8 original_address[16]; /* what the application asked for; equals the peer unless it was steered */
	char process[16];	   /* name of the process that connected or listened */
	__u32 connect_us;	   /* SYN to established; 0 on the destination */
	__u32 client_isn;
	__u32 server_isn;
	__u32 pid;	   /* of the process that connected or listened; 0 unknown */
	__u32 workload_id; /* 0 in the kernel until a mesh map names it; the agent fills it in */
	__u32 service_id;  /* 0 unless a service was steered */
	__u32 srtt_us;	   /* smoothed round trip, already shifted */
	__u32 min_rtt_us;  /* 0 when never measured */
	__u32 segments_sent;
	__u32 segments_received;
	__u32 retransmitted_segments;
	__u32 lost_segments;
	__u32 delivered_segments;
	__u32 retransmitted_bytes; /* stops at its maximum */
	__u16 local_port;
	__u16 peer_port;
	__u16 original_port;
	__u16 generation; /* of the engine that steered it */
};

enum http_limit {
	HTTP_LIMIT_SAMPLES = 8,		    /* in one record */
	HTTP_LIMIT_UNKNOWN_US = 0x7fffffff, /* a time that is not known */
};

/* One request and its final response, as one end saw them pass. Times begin at the end of the request's head. */
struct http_sample {
	__u32 first_byte_us; /* to the first byte of the final response; or HTTP_LIMIT_UNKNOWN_US */
	__u32 last_byte_us;  /* to the last byte of that response; or HTTP_LIMIT_UNKNOWN_US */
	__u16 status;	     /* of the final response, 200 to 599, and 101; 0 unanswered */
	__u8 method;	     /* enum http_method */
	__u8 flags;	     /* enum http_sample_flag bits */
};

/*
 * Requests of one end of one connection, in the order of their answers, behind that end's connection record as of now:
 * whoever names and joins connection records reads the front of these as well. Made when it is full, a second after
 * its first sample, and when the connection ends, then before the record of that end.
 */
struct http_record {
	__u8 connection[192]; /* struct connection_record: RECORD_KIND_HTTP, RECORD_EVENT_PROGRESS */
	__u64 request_bytes;  /* heads and bodies as on the wire, of the requests in samples */
	__u64 response_bytes; /* of their responses, interim ones included */
	__u32 lost_requests;  /* before these, while the ring was full: in no sample, lost for good */
	__u8 sample_count;    /* 0 when the record only tells of lost_requests */
	__u8 reserved[3];
	__u8 samples[96]; /* HTTP_LIMIT_SAMPLES times struct http_sample */
};

/* One request through a waypoint, timed at the waypoint's end towards its client as http_sample is. */
struct leg_sample {
	__u32 first_byte_us; /* or HTTP_LIMIT_UNKNOWN_US */
	__u32 last_byte_us;  /* or HTTP_LIMIT_UNKNOWN_US */
	/* Of first_byte_us, what is not first_byte_us at its end towards the server; or HTTP_LIMIT_UNKNOWN_US. */
	__u32 waypoint_us;
	__u16 status; /* 200 to 599, and 101; 0 unanswered */
	__u8 method;  /* enum http_method */
	__u8 flags;   /* enum http_sample_flag bits */
};

/*
 * Requests that a waypoint took from one connection of a client and sent on over one connection to a server. Made by the
 * agent that runs the waypoint, out of the waypoint's log and the records of both connections; no kernel makes it.
 */
struct leg_record {
	__u8 connection
		[192]; /* from the client: struct connection_record, RECORD_KIND_LEG, RECORD_EVENT_PROGRESS */
	__u8 onward[192];  /* to the server, likewise; all zero: the waypoint answered by itself */
	__u8 sample_count; /* 1 to HTTP_LIMIT_SAMPLES */
	__u8 reserved[7];
	__u8 samples[128]; /* HTTP_LIMIT_SAMPLES times struct leg_sample */
};

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

/*
 * What the traffic engines steer by. User space fills services, slots, endpoints and vips; the kernel only reads those
 * and keeps endpoint_health, steering and generation_use. Identifiers are given by the agent, stay the same for as long
 * as the thing exists, and are read back from the maps by the next run; 0 is none.
 */
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
	STEERING_FLAG_COUNTED = 2,  /* in open_connections and generation_use */
	STEERING_FLAG_SHORTCUT = 4, /* joined with a socket of this node */
	STEERING_FLAG_ACCEPTED = 8, /* a waypoint's: what the client had asked for */
	STEERING_FLAG_OPTION = 16,  /* its segments carry the option */
	STEERING_FLAG_PREFACE = 32, /* a preface is to go before its first byte */
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
};

#endif
