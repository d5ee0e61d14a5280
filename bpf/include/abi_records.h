/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Part of abi.h: the records that the kernel makes of connections, and of requests on them. */
#ifndef UNDERMESH_ABI_RECORDS_H
#define UNDERMESH_ABI_RECORDS_H

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
	CLOSE_REASON_TOO_MANY =
		24, /* refused by the mesh: the service has as many as it may from this node */
	CLOSE_REASON_NO_ROUTE =
		25, /* a request, refused by the mesh: the service has routes, and none takes it */
	CLOSE_REASON_ROUTE_REJECTS =
		26, /* a request, refused by the mesh: its route has no backend or no endpoint to give */
	CLOSE_REASON_RATE_LIMITED =
		27, /* a request, refused by the mesh: more than its route lets pass in the time */
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
	HTTP_LIMIT_LONG_SAMPLES = 48,	    /* in one long record */
	HTTP_LIMIT_UNKNOWN_US = 0x7fffffff, /* a time that is not known */
};

/* One request and its final response, as one end saw them pass. Times begin at the end of the request's head. */
struct http_sample {
	__u32 first_byte_us; /* to the first byte of the final response; or HTTP_LIMIT_UNKNOWN_US */
	__u32 last_byte_us;  /* to the last byte of that response; or HTTP_LIMIT_UNKNOWN_US */
	__u16 status;	     /* of the final response, 200 to 599, and 101; 0 unanswered */
	__u8 method;	     /* enum http_method */
	__u8 flags;	     /* enum http_sample_flag bits */
	__u32 route;	     /* number of the route that this end sent the request along; 0: none */
};

/*
 * Requests of one end of one connection, in the order of their answers, behind that end's connection record as of now:
 * whoever names and joins connection records reads the front of these as well. Made when a long one is full, a second
 * after its first sample, and when the connection ends, then before the record of that end.
 */
struct http_record {
	__u8 connection[192]; /* struct connection_record: RECORD_KIND_HTTP, RECORD_EVENT_PROGRESS */
	__u64 request_bytes;  /* heads and bodies as on the wire, of the requests in samples */
	__u64 response_bytes; /* of their responses, interim ones included */
	__u32 lost_requests;  /* before these, while the ring was full: in no sample, lost for good */
	__u8 sample_count;    /* 0 when the record only tells of lost_requests */
	__u8 reserved[3];
	__u8 samples[128]; /* HTTP_LIMIT_SAMPLES times struct http_sample */
};

/* The same with room for more of them: of a connection that is busy. Which one it is, its size tells. */
struct http_long_record {
	__u8 connection[192];
	__u64 request_bytes;
	__u64 response_bytes;
	__u32 lost_requests;
	__u8 sample_count;
	__u8 reserved[3];
	__u8 samples[768]; /* HTTP_LIMIT_LONG_SAMPLES times struct http_sample */
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

#endif
