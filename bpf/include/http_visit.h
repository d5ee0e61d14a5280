/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A segment on its visit to an exchange, and what any step of it may come to: a response is complete, or nobody knows any
 * more where messages begin.
 *
 * Whoever includes it defines, beside http_read(),
 *	void http_make_room(struct http_visit *visit)
 * which makes records of samples, as far as it can, and
 *	__u64 http_boot_ns(void)
 * for now, CLOCK_BOOTTIME, and
 *	__u32 http_route(struct http_visit *visit)
 * for the number of the route that the visiting request takes, or 0.
 */
#ifndef UNDERMESH_HTTP_VISIT_H
#define UNDERMESH_HTTP_VISIT_H

#include "http_plain.h"

/* A segment on its way through an exchange. */
struct http_visit {
	void *source; /* for http_read() */
	struct http_exchange *exchange;
	struct http_stream *stream;
	__u64 now_ns;  /* CLOCK_MONOTONIC; 0 when http_has_time() says so */
	__u32 payload; /* where the segment's payload begins in what http_read() reads */
};

static __always_inline void http_make_room(struct http_visit *visit);
static __always_inline __u64 http_boot_ns(void);
static __always_inline __u32 http_route(struct http_visit *visit);

/*
 * Whether some of a request's body passed while framing was lost: the other end has got further than the stream of
 * requests, which is still in the midst of it. Its size is not known then, and never will be.
 */
static __always_inline bool http_was_missed(struct http_exchange *exchange,
					    const struct http_request *request)
{
	struct http_stream *requests = &exchange->streams[HTTP_REQUESTS];

	return (request->flags & HTTP_SAMPLE_FLAG_RESYNCED) && requests->inside &&
	       (__s32)(exchange->streams[HTTP_RESPONSES].acknowledged - requests->next) > 0;
}

/* The present response is complete: a sample of it and its request. `last_ns`: 0 when its end was not seen. */
static __always_inline void http_complete(struct http_visit *visit, __u64 last_ns)
{
	struct http_exchange *exchange = visit->exchange;
	struct http_stream *stream = visit->stream;
	struct http_request *request = &exchange->requests[stream->count % HTTP_BOUND_REQUESTS];
	__u32 first_us = http_microseconds(request->asked_ns, exchange->first_ns);
	struct http_outcome outcome = {
		.request_bytes = request->bytes,
		.response_bytes = stream->message_bytes,
		.sample =
			{
				.first_byte_us = first_us,
				.last_byte_us = last_ns == exchange->first_ns
							? first_us
							: http_microseconds_until(request->asked_ns, last_ns),
				.status = stream->status,
				.method = request->method,
				.flags = http_flags(exchange, request),
				.route = request->route,
			},
	};
	__u32 waiting = exchange->made - http_counter(&exchange->taken);

	stream->inside = 0;
	exchange->complete_ns = last_ns;
	http_publish(&stream->count, stream->count + 1);
	if (request->lost || http_was_missed(exchange, request))
		return;
	if (!waiting)
		exchange->waiting_ns = http_boot_ns();
	http_add_outcome(exchange, &outcome);
	if (waiting + 1 >= HTTP_LIMIT_LONG_SAMPLES)
		http_make_room(visit);
}

static __always_inline void http_lose_framing(struct http_visit *visit)
{
	struct http_exchange *exchange = visit->exchange;
	struct http_stream *stream = visit->stream;

	if (!stream->response && stream->inside) {
		exchange->requests[(stream->count - 1) % HTTP_BOUND_REQUESTS].lost = 1;
		stream->inside = 0;
	}
	if (stream->response) {
		exchange->responses_lost = 1;
		stream->inside = 0;
	}
	stream->mode = HTTP_MODE_LOST;
	stream->framing_lost = 1;
}

#endif
