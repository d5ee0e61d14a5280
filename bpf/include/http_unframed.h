/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A chunked body of which nobody saw where its chunks begin, because segments were missing when others passed. Its
 * message is not lost for that: its bytes are counted by their sequence numbers up to where the next message begins. A
 * response ends where the requester had got to when it sent its next request; a request with the last byte before the
 * one that follows its answer. Where the next message is not there, framing is lost.
 */
#ifndef UNDERMESH_HTTP_UNFRAMED_H
#define UNDERMESH_HTTP_UNFRAMED_H

#include "http_visit.h"

#define HTTP_LAST_CHUNK_BYTES 5
#define HTTP_LAST_CHUNK	      HTTP_TEXT('0', '\r', '\n', '\r', '\n', 0, 0, 0)

/* Notes whether the segment, whose bytes are the last that were seen, ends as a chunked body does. */
static __always_inline void http_note_end(struct http_visit *visit)
{
	struct http_stream *stream = visit->stream;
	__u32 length = stream->length;
	__u64 word = 0;

	stream->head &= ~HTTP_HEAD_ENDED;
	if (length >= HTTP_LAST_CHUNK_BYTES &&
	    !http_read(visit, length - HTTP_LAST_CHUNK_BYTES, &word, HTTP_LAST_CHUNK_BYTES) &&
	    word == HTTP_LAST_CHUNK)
		stream->head |= HTTP_HEAD_ENDED;
}

/* Remembers a segment that came before those it follows, when it goes further than what is remembered. */
static __always_inline void http_note_early(struct http_visit *visit, __u32 end)
{
	struct http_stream *stream = visit->stream;

	stream->early_to = end;
	http_note_end(visit);
	if (stream->response)
		visit->exchange->last_ns = visit->now_ns;
}

/*
 * What comes next cannot be framed: goes on without, behind what came early, if it is the body of a message whose head
 * is known. False when it is not, or when the end of this one would be told by another of the kind: framing is lost.
 */
static __always_inline bool http_unframe(struct http_visit *visit)
{
	struct http_exchange *exchange = visit->exchange;
	struct http_stream *stream = visit->stream;
	__s32 early = stream->early ? stream->early_to - stream->next : 0;

	if (!stream->inside || stream->mode < HTTP_MODE_CHUNK_SIZE || stream->mode > HTTP_MODE_CHUNK ||
	    stream->mode == HTTP_MODE_BODY ||
	    exchange->streams[!stream->response].mode == HTTP_MODE_UNFRAMED) {
		http_lose_framing(visit);
		return false;
	}
	stream->mode = HTTP_MODE_UNFRAMED;
	stream->line = 0;
	stream->scanned = 0;
	stream->filled = 0;
	if (!stream->response)
		exchange->requests[(stream->count - 1) % HTTP_BOUND_REQUESTS].flags |=
			HTTP_SAMPLE_FLAG_RESYNCED;
	else if (!stream->early)
		exchange->last_ns = 0;
	if (early > 0) {
		stream->message_bytes += early;
		stream->next += early;
	}
	stream->early = 0;
	return true;
}

/* Passes over what is missing before a segment of the body. */
static __always_inline bool http_enter_body(struct http_stream *stream, __u32 offset)
{
	if ((__s32)offset < 0) {
		stream->message_bytes += -offset;
		offset = 0;
	}
	stream->offset = offset;
	return true;
}

/* A segment of responses, with bytes that were not seen: of the body, or of the answer to the next request. */
static __always_inline bool http_enter_unframed_response(struct http_visit *visit, __u32 sequence)
{
	struct http_exchange *exchange = visit->exchange;
	struct http_stream *stream = visit->stream;
	struct http_stream *requests = &exchange->streams[HTTP_REQUESTS];
	__u32 asked = http_counter(&requests->count) - stream->count, begin, offset;
	__u64 word = 0;

	/* The next request may have passed unknown. */
	if (requests->mode == HTTP_MODE_LOST || requests->resynced ||
	    (exchange->requests[(requests->count - 1) % HTTP_BOUND_REQUESTS].flags &
	     HTTP_SAMPLE_FLAG_RESYNCED)) {
		http_lose_framing(visit);
		return false;
	}
	if (asked <= 1)
		return http_enter_body(stream, stream->next - sequence);
	begin = requests->acknowledged;
	offset = begin - sequence;
	/* Some of the body came after that request, or the answer does not begin here: it was pipelined. */
	if (asked > 2 || (__s32)(begin - stream->next) < 0 || offset >= stream->length ||
	    http_read(visit, offset, &word, http_at_most(stream->length - offset, sizeof(word))) ||
	    http_recognise(word, stream->length - offset, true) == HTTP_PROTOCOL_OTHER) {
		http_lose_framing(visit);
		return false;
	}
	stream->message_bytes += begin - stream->next;
	stream->next = begin;
	stream->offset = offset;
	http_complete(visit, exchange->last_ns);
	http_end_message(stream, false);
	return true;
}

/* A segment of requests, with bytes that were not seen: of the body, or, once that was answered, of the next. */
static __always_inline bool http_enter_unframed_request(struct http_visit *visit, __u32 sequence)
{
	struct http_stream *stream = visit->stream;
	__u32 offset = stream->next - sequence;

	if (http_counter(&visit->exchange->streams[HTTP_RESPONSES].count) != stream->count)
		return http_enter_body(stream, offset);
	if ((__s32)offset < 0) {
		http_lose_framing(visit);
		return false;
	}
	stream->inside = 0;
	stream->offset = offset;
	http_end_message(stream, false);
	return true;
}

/* Finds where the unseen part of a segment begins. False when there is nothing to follow in it. */
static __always_inline bool http_enter_unframed(struct http_visit *visit, __u32 sequence)
{
	struct http_stream *stream = visit->stream;

	if ((__s32)(sequence + stream->length - stream->next) <= 0)
		return false;
	return stream->response ? http_enter_unframed_response(visit, sequence)
				: http_enter_unframed_request(visit, sequence);
}

/*
 * After a segment of responses, to `end`. What is the last of the body is not known yet: the time is that of the last
 * segment that was not a repetition of what has come furthest.
 */
static __always_inline void http_time_unframed(struct http_visit *visit, __u32 end)
{
	struct http_stream *stream = visit->stream;
	bool further = stream->offset && stream->next == end;

	if (further)
		http_note_end(visit);
	if (stream->length && (further || stream->next != end))
		visit->exchange->last_ns = visit->now_ns;
}

#endif
