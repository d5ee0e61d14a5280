/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The messages in a stream's bytes, step by step: where requests and responses begin and end, which answers which, and
 * when.
 */
#ifndef UNDERMESH_HTTP_MESSAGE_H
#define UNDERMESH_HTTP_MESSAGE_H

#include "http_unframed.h"

/* The head of a request is complete. */
static __always_inline int http_ask(struct http_visit *visit)
{
	struct http_exchange *exchange = visit->exchange;
	struct http_stream *stream = visit->stream;
	__u32 asked = stream->count;
	struct http_request *request = &exchange->requests[asked % HTTP_BOUND_REQUESTS];

	if (asked - stream->known_answered >= HTTP_BOUND_REQUESTS) {
		stream->known_answered = http_counter(&exchange->streams[HTTP_RESPONSES].count);
		if (asked - stream->known_answered >= HTTP_BOUND_REQUESTS)
			return HTTP_STEP_LOST;
	}
	request->asked_ns = visit->now_ns;
	request->bytes = stream->message_bytes;
	request->method = stream->method;
	request->route = http_route(visit);
	request->lost = 0;
	request->flags = 0;
	if (stream->resynced || exchange->responses_lost) {
		request->flags = HTTP_SAMPLE_FLAG_RESYNCED;
		exchange->answer_at[asked % HTTP_BOUND_RESYNCS] = stream->acknowledged;
		stream->resynced = 0;
	}
	stream->inside = 1;
	http_publish(&request->number, asked + 1);
	http_publish(&stream->count, asked + 1);
	return http_begin_body(stream, false);
}

/* A first line is not of HTTP/1, or what follows it cannot be framed. */
static __always_inline void http_lose_requests(struct http_visit *visit, int step)
{
	struct http_exchange *exchange = visit->exchange;
	struct http_stream *stream = visit->stream;

	if (step == HTTP_STEP_FOREIGN && !exchange->protocol) {
		exchange->protocol = http_word(stream, 0) == HTTP_TEXT('P', 'R', 'I', ' ', '*', ' ', 'H', 'T')
					     ? HTTP_PROTOCOL_HTTP2
					     : HTTP_PROTOCOL_OTHER;
		stream->mode = HTTP_MODE_OPAQUE;
	} else if (stream->resynced) { /* it only looked like a request */
		stream->mode = HTTP_MODE_LOST;
	} else {
		http_lose_framing(visit);
	}
}

/* The head of a response is complete. */
static __always_inline int http_answer(struct http_visit *visit)
{
	struct http_exchange *exchange = visit->exchange;
	struct http_stream *stream = visit->stream;
	__u8 method = exchange->requests[stream->count % HTTP_BOUND_REQUESTS].method;
	__u16 status = stream->status;

	if (status < 200 &&
	    status != 101) { /* RFC 9110, 15.2: an interim one, the final one is still to come */
		stream->inside = 0;
		http_end_message(stream, true);
		return HTTP_STEP_ON;
	}
	if (status == 101 || (method == HTTP_METHOD_CONNECT && status < 300)) {
		http_complete(visit, visit->now_ns);
		exchange->tunnel = 1;
		stream->mode = HTTP_MODE_OPAQUE;
		return HTTP_STEP_ON;
	}
	return http_begin_body(stream, method == HTTP_METHOD_HEAD || status == 204 || status == 304);
}

static __always_inline void http_lose_responses(struct http_visit *visit)
{
	struct http_exchange *exchange = visit->exchange;
	struct http_stream *stream = visit->stream;

	http_lose_framing(visit);
	stream->inside = 0;
	http_publish(&stream->count, http_counter(&exchange->streams[HTTP_REQUESTS].count));
}

/* A response begins with the next byte. False when nothing was asked for it. */
static __always_inline bool http_begin_response(struct http_visit *visit)
{
	struct http_exchange *exchange = visit->exchange;
	struct http_stream *stream = visit->stream;
	__u32 answered = stream->count;

	if (http_counter(&exchange->requests[answered % HTTP_BOUND_REQUESTS].number) != answered + 1)
		return false;
	exchange->first_ns = visit->now_ns;
	stream->inside = 1;
	return true;
}

/* Passes over bytes that are not seen. False when that hides where messages begin. */
static __always_inline bool http_jump(struct http_stream *stream, __u32 count)
{
	if (stream->mode == HTTP_MODE_BODY || stream->mode == HTTP_MODE_CHUNK) {
		if (stream->left < count)
			return false;
		stream->left -= count;
	} else if (stream->mode != HTTP_MODE_UNTIL_CLOSE && stream->mode != HTTP_MODE_OPAQUE) {
		return false;
	}
	stream->message_bytes += count;
	return true;
}

/* Bytes that came early follow now: true when they are body to the last, and when there is a step to make after them. */
static __always_inline bool http_take_early(struct http_visit *visit)
{
	struct http_stream *stream = visit->stream;
	__s32 to;

	if (!stream->early)
		return false;
	to = stream->early_to - stream->next;
	if ((__s32)(stream->early_from - stream->next) > 0)
		return false;
	if (to > 0 && !http_jump(stream, to)) {
		http_unframe(visit);
		return false;
	}
	stream->early = 0;
	if (to <= 0)
		return false;
	stream->next += to;
	return true;
}

/* A message is complete. */
static __always_inline void http_take_message(struct http_visit *visit)
{
	struct http_exchange *exchange = visit->exchange;
	struct http_stream *stream = visit->stream;

	if (stream->response) {
		http_complete(visit, visit->now_ns);
	} else {
		exchange->requests[(stream->count - 1) % HTTP_BOUND_REQUESTS].bytes = stream->message_bytes;
		stream->inside = 0;
	}
	http_end_message(stream, false);
}

/* Does what a step came to. False when the segment is done with. */
static __always_inline bool http_settle(struct http_visit *visit, int step)
{
	struct http_stream *stream = visit->stream;

	if (step == HTTP_STEP_HEAD)
		step = stream->response ? http_answer(visit) : http_ask(visit);
	if (step == HTTP_STEP_ON && stream->mode >= HTTP_MODE_BODY)
		step = http_skip(stream);
	if (step == HTTP_STEP_MESSAGE) {
		http_take_message(visit);
		step = stream->offset < stream->length ? HTTP_STEP_ON : HTTP_STEP_STARVED;
	}
	if (step == HTTP_STEP_ON)
		return true;
	if (step == HTTP_STEP_STARVED)
		return http_take_early(visit);
	if (stream->response)
		http_lose_responses(visit);
	else
		http_lose_requests(visit, step);
	return false;
}

/*
 * Goes on through the segment: through a whole message if it can, else by a window, a line or a chunk. False when the
 * segment is done with.
 */
static __always_inline bool http_advance(struct http_visit *visit)
{
	struct http_exchange *exchange = visit->exchange;
	struct http_stream *stream = visit->stream;
	int step = HTTP_STEP_ON;

	if (stream->mode == HTTP_MODE_START) {
		if (stream->response && !stream->inside && stream->offset < stream->length &&
		    !http_begin_response(visit))
			step = HTTP_STEP_LOST;
		else
			step = http_take_first_line(visit, stream);
		if (step == HTTP_STEP_FIRST_LINE) {
			if (!exchange->protocol)
				exchange->protocol = HTTP_PROTOCOL_HTTP1;
			step = HTTP_STEP_ON;
		}
	}
	if (step == HTTP_STEP_ON && stream->mode == HTTP_MODE_FIELDS)
		step = http_take_some_fields(visit, stream);
	else if (step == HTTP_STEP_ON && stream->mode >= HTTP_MODE_CHUNK_SIZE &&
		 stream->mode <= HTTP_MODE_TRAILER)
		step = http_take_chunk_line(visit, stream);
	return http_settle(visit, step);
}

/*
 * Takes a plain head at the front of the segment and what follows it, in no more than one step. False: nothing is left.
 *
 * The request that a response answers was written by another CPU as a rule. It is touched before the head is read and used
 * after that, so that its way here takes no time of its own.
 */
static __always_inline bool http_take_plain(struct http_visit *visit)
{
	struct http_exchange *exchange = visit->exchange;
	struct http_stream *stream = visit->stream;

	if (stream->mode != HTTP_MODE_START || stream->filled)
		return true;
	if (stream->response)
		http_counter(&exchange->requests[stream->count % HTTP_BOUND_REQUESTS].number);
	if (http_take_plain_head(visit, exchange, stream) != HTTP_STEP_HEAD)
		return true;
	if (stream->response && !stream->inside && !http_begin_response(visit))
		return http_settle(visit, HTTP_STEP_LOST);
	if (!exchange->protocol)
		exchange->protocol = HTTP_PROTOCOL_HTTP1;
	return http_settle(visit, HTTP_STEP_HEAD);
}

#endif
