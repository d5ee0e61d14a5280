/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a segment of a connection adds to its requests and responses. Segments are seen before TCP puts them in order, and
 * again when they are retransmitted: both streams are followed by sequence number, and what a step through the bytes comes
 * to is in http_message.h.
 *
 * Whoever includes it defines, beside what http_visit.h asks for,
 *	bool http_run(struct http_visit *visit)
 * which calls http_advance() until it returns false (true), or so often that it gives up (false).
 */
#ifndef UNDERMESH_HTTP_FOLLOW_H
#define UNDERMESH_HTTP_FOLLOW_H

#include "http_message.h"

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
