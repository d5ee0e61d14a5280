/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is remembered of the HTTP of one connection: where its two streams stand, requests on their way from one to the
 * other, and samples on their way to a record.
 *
 * Each stream has one writer at a time: the outgoing one under its socket's lock, the incoming one under `busy`. What
 * goes from one to another goes through a ring with a counter for each side.
 *
 * This header and those from http_window.h to http_follow.h are plain C: the tests compile the same source for user
 * space. All state of a stream lies in memory of a map and not on the stack: the verifier takes what is read from there
 * as unknown, so that the paths through a loop meet again.
 */
#ifndef UNDERMESH_HTTP_EXCHANGE_H
#define UNDERMESH_HTTP_EXCHANGE_H

#include "abi.h"
#include <stdbool.h>

enum http_window {
	HTTP_WINDOW_CARRY = 64,	  /* most that is kept of a line that goes on in the next segment */
	HTTP_WINDOW_LOAD = 256,	  /* read from a segment at a time */
	HTTP_WINDOW_FILLED = 320, /* both */
	HTTP_WINDOW_BYTES = 376,  /* with room for reading words behind them */
	HTTP_WINDOW_LOOKS = 32,	  /* at words or lines of it, at a time */
};

/* What the next byte of a stream belongs to. */
enum http_mode {
	HTTP_MODE_START = 0,	   /* a message's first line, or a line break before it */
	HTTP_MODE_FIELDS = 1,	   /* the fields of its head */
	HTTP_MODE_CHUNK_SIZE = 2,  /* a line with a chunk's size */
	HTTP_MODE_CHUNK_END = 3,   /* the line break behind a chunk */
	HTTP_MODE_TRAILER = 4,	   /* the fields behind the last chunk */
	HTTP_MODE_BODY = 5,	   /* a body, `left` bytes of it */
	HTTP_MODE_CHUNK = 6,	   /* a chunk, `left` bytes of it */
	HTTP_MODE_UNTIL_CLOSE = 7, /* a body that ends with the connection */
	HTTP_MODE_UNFRAMED =
		8,	      /* a chunked body whose chunks are not known any more: up to the next message */
	HTTP_MODE_OPAQUE = 9, /* something else, for good: a tunnel, another protocol */
	HTTP_MODE_LOST = 10,  /* nobody knows */
};

/* What is known of a head, bits. */
enum http_head {
	HTTP_HEAD_LENGTH = 1,  /* Content-Length */
	HTTP_HEAD_CODED = 2,   /* Transfer-Encoding */
	HTTP_HEAD_CHUNKED = 4, /* whose last coding is chunked */
	HTTP_HEAD_VERSION_1_0 = 8,
	HTTP_HEAD_AFTER_FRAMING = 16, /* the line before the present one was one of these fields */
	HTTP_HEAD_ENDED = 32,	      /* what came furthest of its body ends as the last chunk does */
};

/* Whether a member at `at` begins a line of the cache: the kernel puts eight bytes of its own in front of a value. */
#define HTTP_LINE_BYTES	     64
#define HTTP_BEGINS_LINE(at) (((at) + 8) % HTTP_LINE_BYTES == 0)

struct http_stream {
	__u32 next;   /* sequence number of the first byte that has not been seen */
	__u32 origin; /* offset in the segment of the window's first byte; a carry lies before the segment */
	__u16 line;   /* where in the window the present line begins */
	__u16 scanned;
	__u16 filled;
	__u16 status;
	__u8 mode; /* enum http_mode */
	__u8 head; /* enum http_head bits */
	__u8 method;
	__u8 response;	   /* 1 in the stream of responses */
	__u8 framing_lost; /* 1 when this segment was one too many */
	__u8 early;	   /* 1 while there are bytes that came before those they follow */
	__u8 inside; /* 1 from the end of a request's head, the first byte of a final response, to its end */
	__u8 resynced; /* 1 from finding a request again to the end of its head */
	__u64 left;
	__u64 message_bytes;  /* of the present message, so far */
	__u32 count;	      /* requests asked; of those, answered */
	__u32 known_answered; /* in the stream of requests: how many are, at least */
	/* Of the present segment: */
	__u32 acknowledged; /* sequence number of the other direction */
	__u32 length;	    /* of its payload, */
	__u32 offset;	    /* and how much of it has been dealt with */
	__u32 busy;	    /* 1 while the stream is being followed, if it is the incoming one */
	/* The rest is in other lines of the cache. */
	__u32 early_from; /* what came early */
	__u32 early_to;
	__u8 window[HTTP_WINDOW_BYTES];
};

enum http_bound {
	HTTP_BOUND_REQUESTS = 16, /* waiting for their answers; a power of two */
	HTTP_BOUND_RESYNCS = 8,	  /* whose place is remembered; a power of two */
	HTTP_BOUND_SAMPLES = 64,  /* waiting for their record, more than fit into one; a power of two */
};

/* What the first payload bytes of a connection were. */
enum http_protocol {
	HTTP_PROTOCOL_UNKNOWN = 0,
	HTTP_PROTOCOL_HTTP1 = 1,
	HTTP_PROTOCOL_TLS = 2,
	HTTP_PROTOCOL_HTTP2 = 3,
	HTTP_PROTOCOL_OTHER = 4,
};

/* A request whose head has passed. Lies in one line of the cache: whoever answers reads it from another CPU's. */
struct http_request {
	__u64 asked_ns; /* end of its head */
	__u64 bytes;	/* of it, so far */
	__u32 number;	/* from 1; written last: who sees it sees the rest */
	__u8 method;
	__u8 flags; /* enum http_sample_flag bits */
	__u8 lost;  /* 1 when its body could not be followed to its end: nobody is told of it */
	__u8 reserved;
	__u32 route; /* as in struct http_sample */
	__u32 reserved_2;
};

/* A sample that waits for its record. */
struct http_outcome {
	__u64 request_bytes;
	__u64 response_bytes;
	struct http_sample sample;
};

enum http_stream_index {
	HTTP_REQUESTS = 0,
	HTTP_RESPONSES = 1,
};

/*
 * Requests are often followed by one CPU and responses by another: what one of them writes lies in other lines of the
 * cache than what only the other reads or writes. The first is read by every look-up of the exchange.
 */
struct http_exchange {
	/* Hardly ever written. */
	__u8 source;	     /* 1 when this end sends the requests */
	__u8 protocol;	     /* enum http_protocol */
	__u8 tunnel;	     /* 1 after CONNECT or an upgrade succeeded */
	__u8 responses_lost; /* 1 while nobody knows where responses begin */
	__u8 routed;	     /* 1 when an engine chooses a route for each request */
	__u8 reserved[51];
	struct http_stream streams[2]; /* of requests and of responses */
	/* Written by the stream of requests. */
	struct http_request requests[HTTP_BOUND_REQUESTS];
	/* By the low bits of `count` before it: the sequence number where the answer begins if the exchange was quiet. */
	__u32 answer_at[HTTP_BOUND_RESYNCS];
	__u8 reserved_2[32];
	/* Written by the stream of responses. */
	__u32 made;  /* samples */
	__u32 taken; /* of those, counted by whoever made a record of them */
	__u32 lost;  /* requests that no record has told of, since the last one */
	__u32 reserved_3;
	__u64 waiting_ns;  /* since when samples wait */
	__u64 first_ns;	   /* first byte of the present response */
	__u64 last_ns;	   /* last byte so far of one that ends with the connection, or is unframed */
	__u64 complete_ns; /* last byte of the response before */
	__u8 reserved_4[8];
	struct http_outcome outcomes[HTTP_BOUND_SAMPLES];
};

_Static_assert(HTTP_BEGINS_LINE(__builtin_offsetof(struct http_exchange, requests)), "requests");
_Static_assert(HTTP_LINE_BYTES % sizeof(struct http_request) == 0, "a request");
_Static_assert(HTTP_BEGINS_LINE(__builtin_offsetof(struct http_exchange, made)), "samples");
_Static_assert(HTTP_BEGINS_LINE(__builtin_offsetof(struct http_exchange, streams)), "stream of requests");
/* With what the kernel puts in front of a value: it takes the next power of two. */
_Static_assert(sizeof(struct http_exchange) <= 4096 - 128, "memory of an exchange");
_Static_assert(HTTP_BEGINS_LINE(__builtin_offsetof(struct http_exchange, streams[1])), "stream of responses");

/* Sets a counter that another CPU reads: who sees the new value sees all that was written before. */
static __always_inline void http_publish(__u32 *counter, __u32 value)
{
#ifdef __TARGET_ARCH_x86
	__asm__ volatile("" ::: "memory"); /* stores are not reordered with stores */
	*(volatile __u32 *)counter = value;
#else
	__sync_lock_test_and_set(counter, value);
#endif
}

/* Reads a counter that another CPU sets. */
static __always_inline __u32 http_counter(__u32 *counter)
{
#ifdef __TARGET_ARCH_x86
	__u32 value = *(volatile __u32 *)counter;

	__asm__ volatile("" ::: "memory"); /* nor loads with loads */
	return value;
#else
	return __sync_fetch_and_add(counter, 0);
#endif
}

static __always_inline __u32 http_microseconds(__u64 from_ns, __u64 to_ns)
{
	__u64 us = (to_ns - from_ns) / 1000;

	return us < HTTP_LIMIT_UNKNOWN_US ? us : HTTP_LIMIT_UNKNOWN_US - 1;
}

/* To a time that is 0 when it is not known. */
static __always_inline __u32 http_microseconds_until(__u64 from_ns, __u64 to_ns)
{
	return to_ns ? http_microseconds(from_ns, to_ns) : HTTP_LIMIT_UNKNOWN_US;
}

/* Adds a sample. Without room for it the request is lost. */
static __always_inline void http_add_outcome(struct http_exchange *exchange,
					     const struct http_outcome *outcome)
{
	__u32 made = exchange->made;

	if (made - http_counter(&exchange->taken) >= HTTP_BOUND_SAMPLES) {
		__sync_fetch_and_add(&exchange->lost, 1);
		return;
	}
	exchange->outcomes[made % HTTP_BOUND_SAMPLES] = *outcome;
	http_publish(&exchange->made, made + 1);
}

/* What is to be said of a request whose answer is the present one. */
static __always_inline __u8 http_flags(const struct http_exchange *exchange,
				       const struct http_request *request)
{
	if (request->flags || request->asked_ns >= exchange->complete_ns)
		return request->flags;
	return HTTP_SAMPLE_FLAG_PIPELINED;
}

/*
 * After the end of the connection inside a response: tells how it ended. One that is unframed was complete when what
 * came furthest ends as it should, and no request went out before that.
 */
static __always_inline void http_finish_response(struct http_exchange *exchange, struct http_outcome *outcome,
						 const struct http_request *request)
{
	struct http_stream *requests = &exchange->streams[HTTP_REQUESTS];
	struct http_stream *responses = &exchange->streams[HTTP_RESPONSES];
	bool unframed = responses->mode == HTTP_MODE_UNFRAMED;

	outcome->response_bytes = responses->message_bytes;
	outcome->sample.first_byte_us = http_microseconds(request->asked_ns, exchange->first_ns);
	outcome->sample.status = responses->status;
	outcome->sample.flags = http_flags(exchange, request);
	if (unframed && (responses->head & HTTP_HEAD_ENDED) &&
	    (requests->count - responses->count == 1 || requests->acknowledged == responses->next))
		outcome->sample.last_byte_us = http_microseconds_until(request->asked_ns, exchange->last_ns);
	else
		outcome->sample.flags |= HTTP_SAMPLE_FLAG_CUT | (unframed ? HTTP_SAMPLE_FLAG_RESYNCED : 0);
	responses->inside = 0;
}

/*
 * After the end of the connection: a sample of the next request that was not answered, or not to the end. False when
 * there is none. Nobody follows the streams any more.
 */
static __always_inline bool http_finish_request(struct http_exchange *exchange)
{
	struct http_stream *responses = &exchange->streams[HTTP_RESPONSES];
	struct http_request *request = &exchange->requests[responses->count % HTTP_BOUND_REQUESTS];
	struct http_outcome outcome = {
		.request_bytes = request->bytes,
		.sample =
			{
				.first_byte_us = HTTP_LIMIT_UNKNOWN_US,
				.last_byte_us = HTTP_LIMIT_UNKNOWN_US,
				.method = request->method,
				.flags = http_flags(exchange, request) | HTTP_SAMPLE_FLAG_UNANSWERED,
				.route = request->route,
			},
	};

	if (responses->count == exchange->streams[HTTP_REQUESTS].count || exchange->responses_lost)
		return false;
	if (responses->inside)
		http_finish_response(exchange, &outcome, request);
	responses->count++;
	exchange->complete_ns = ~0ULL; /* it never will be */
	if (!request->lost)
		http_add_outcome(exchange, &outcome);
	return true;
}

#endif
