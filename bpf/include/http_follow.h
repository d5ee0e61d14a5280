/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a segment of a connection means for its requests and responses: which answers which, and when. Segments are seen
 * before TCP puts them in order, and again when they are retransmitted: both streams are followed by sequence number.
 *
 * Whoever includes it defines, beside what http_visit.h asks for,
 *	bool http_run(struct http_visit *visit)
 * which calls http_advance() until it returns false (true), or so often that it gives up (false).
 */
#ifndef UNDERMESH_HTTP_FOLLOW_H
#define UNDERMESH_HTTP_FOLLOW_H

#include "http_unframed.h"

static __always_inline bool http_run(struct http_visit *visit);

/* A new exchange: sequence numbers of the first payload byte of each side. */
static __always_inline void http_begin(struct http_exchange *exchange, bool source, __u32 client,
				       __u32 server)
{
	exchange->source = source;
	exchange->streams[HTTP_REQUESTS].next = client;
	exchange->streams[HTTP_RESPONSES].next = server;
	exchange->streams[HTTP_RESPONSES].response = 1;
}

/* --- a segment's way through a stream --- */

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

/* Begins anew at a byte of the segment. */
static __always_inline void http_resync(struct http_visit *visit, __u32 sequence, __u32 offset)
{
	struct http_stream *stream = visit->stream;

	visit->stream->offset = offset;
	stream->mode = HTTP_MODE_START;
	stream->next = sequence + offset;
	stream->line = 0;
	stream->scanned = 0;
	stream->filled = 0;
	stream->left = 0;
	stream->message_bytes = 0;
	stream->early = 0;
}

/*
 * Framing was lost. It is found again with a request that stands at the front of a segment while no other waits for its
 * answer, and with the answer to such a request, which begins where the requester had got to.
 */
static __always_inline bool http_find_again(struct http_visit *visit, __u32 sequence)
{
	struct http_exchange *exchange = visit->exchange;
	struct http_stream *stream = visit->stream;
	__u32 asked = http_counter(&exchange->streams[HTTP_REQUESTS].count), length = stream->length, offset;
	struct http_request *newest = &exchange->requests[(asked - 1) % HTTP_BOUND_REQUESTS];
	__u64 word = 0;

	if (stream->response) {
		if (asked == stream->count)
			return false;
		stream->count = asked - 1;
		offset = exchange->answer_at[(asked - 1) % HTTP_BOUND_RESYNCS] - sequence;
		if (!(newest->flags & HTTP_SAMPLE_FLAG_RESYNCED) || offset >= length)
			return false;
		http_resync(visit, sequence, offset);
		exchange->responses_lost = 0;
		return true;
	}
	if (asked != http_counter(&exchange->streams[HTTP_RESPONSES].count) && !exchange->responses_lost)
		return false;
	/* Of a method that is known: none of those ends like another, so that it is not the rest of one. */
	if (length < 16 || http_read(visit, 0, &word, sizeof(word)) ||
	    http_method_of(word) == HTTP_METHOD_OTHER)
		return false;
	http_resync(visit, sequence, 0);
	stream->resynced = 1;
	return true;
}

/* Whether the other end's bytes say that those which are missing here have come: another way, or before we looked. */
static __always_inline bool http_has_come(struct http_visit *visit)
{
	struct http_stream *stream = visit->stream;
	struct http_stream *other = &visit->exchange->streams[!stream->response];

	return other->length && (__s32)(other->acknowledged - stream->next) > 0;
}

/*
 * Finds where the unseen part of a segment begins. Bytes that come early, before others that may hold the end of a head,
 * are remembered by their numbers: once those others are there, they may turn out to be body. False when there is
 * nothing to follow in this segment.
 */
static __always_inline bool http_enter(struct http_visit *visit, __u32 sequence)
{
	struct http_stream *stream = visit->stream;
	__u32 length = visit->stream->length, offset = stream->next - sequence;

	if (visit->exchange->tunnel)
		return false;
	if (stream->mode == HTTP_MODE_LOST)
		return http_find_again(visit, sequence);
	if (stream->mode == HTTP_MODE_UNFRAMED)
		return http_enter_unframed(visit, sequence);
	if ((__s32)offset >= 0) {
		visit->stream->offset = offset;
		return offset < length;
	}
	if (http_jump(stream, -offset)) {
		visit->stream->offset = 0;
		return true;
	}
	if (http_has_come(visit)) {
		return http_unframe(visit) ? http_enter_unframed(visit, sequence)
					   : http_find_again(visit, sequence);
	}
	if (!stream->early) {
		stream->early = 1;
		stream->early_from = sequence;
		http_note_early(visit, sequence + length);
		return false;
	}
	if ((__s32)(sequence - stream->early_from) < 0 || (__s32)(sequence - stream->early_to) > 0)
		return http_unframe(visit) && http_enter_unframed(visit, sequence);
	if ((__s32)(sequence + length - stream->early_to) > 0)
		http_note_early(visit, sequence + length);
	return false;
}

/* Whether what a segment leads to has a time: all but what lies in the midst of a body. */
static __always_inline bool http_has_time(const struct http_stream *stream, __u32 sequence)
{
	__s32 unseen = sequence + stream->length - stream->next;

	if (stream->mode == HTTP_MODE_BODY || stream->mode == HTTP_MODE_CHUNK)
		return unseen > 0 && stream->left <= (__u32)unseen;
	return stream->mode != HTTP_MODE_OPAQUE;
}

/* Whether the segment is the next of a body that goes on behind it: what most of the bytes are. */
static __always_inline bool http_is_inside_body(const struct http_stream *stream, __u32 sequence)
{
	return (stream->mode == HTTP_MODE_BODY || stream->mode == HTTP_MODE_CHUNK) && !stream->early &&
	       stream->next == sequence && stream->left > stream->length;
}

/* Follows a segment that begins at `sequence`; `last`: with a FIN behind it. */
static __always_inline void http_take_segment(struct http_visit *visit, __u32 sequence, bool last)
{
	struct http_exchange *exchange = visit->exchange;
	struct http_stream *stream = visit->stream;
	__u32 end = sequence + visit->stream->length;

	if (http_is_inside_body(stream, sequence)) {
		stream->left -= stream->length;
		stream->message_bytes += stream->length;
		stream->next = end;
	} else if (stream->length && http_enter(visit, sequence)) {
		stream->next = end;
		stream->origin = visit->stream->offset - stream->filled;
		if (http_take_plain(visit) && !http_run(visit)) {
			http_pass(stream, stream->length);
			http_unframe(visit);
		}
	}
	if (!stream->response) {
		if (stream->inside)
			exchange->requests[(stream->count - 1) % HTTP_BOUND_REQUESTS].bytes =
				stream->message_bytes;
	} else if (stream->mode == HTTP_MODE_UNTIL_CLOSE) {
		if (visit->stream->length)
			exchange->last_ns = visit->now_ns;
		if (last && end == stream->next) {
			http_complete(visit, exchange->last_ns);
			stream->mode = HTTP_MODE_OPAQUE;
		}
	} else if (stream->mode == HTTP_MODE_UNFRAMED) {
		http_time_unframed(visit, end);
	}
}

#endif
