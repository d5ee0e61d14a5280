/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The framing of HTTP/1.1 (RFC 9112) in one direction of a connection: where messages begin, where their heads end and
 * how long they are. Reads heads and chunk sizes, skips bodies by arithmetic, and says so when it cannot tell.
 *
 * Whoever includes it defines
 *	long http_read(struct http_visit *visit, __u32 offset, void *to, __u32 length)
 * which copies bytes of a segment's payload, or fails.
 */
#ifndef UNDERMESH_HTTP_STREAM_H
#define UNDERMESH_HTTP_STREAM_H

#include "http_line.h"

struct http_visit;
static __always_inline long http_read(struct http_visit *visit, __u32 offset, void *to, __u32 length);

/* --- the window --- */

/* Makes a line that is too long to be kept shorter, at the front of the window. Returns its length; 0: it cannot be. */
static __always_inline __u32 http_shorten(struct http_stream *stream, __u32 line, __u32 filled)
{
	bool fields = stream->mode == HTTP_MODE_FIELDS || stream->mode == HTTP_MODE_TRAILER;

	if (fields && http_field_name(stream, line) != HTTP_FIELD_OTHER)
		return 0;
	/* The front has a method or the digits of a size, the end a version. */
	http_put_word(stream, 0, http_word(stream, line));
	http_put_word(stream, 8, fields ? 0 : http_word(stream, line + 8));
	http_put_word(stream, 16, http_word(stream, filled - 16));
	http_put_word(stream, 24, http_word(stream, filled - 8));
	return 32;
}

/* Keeps a line that goes on beyond the window at its front. False when it cannot be kept. */
static __always_inline bool http_carry(struct http_stream *stream)
{
	__u32 line = stream->line, filled = stream->filled, length = filled - line;
	int i;

	if (filled > HTTP_WINDOW_FILLED || line > filled)
		return false;
	if (length > HTTP_WINDOW_CARRY) {
		if (filled < 16)
			return false;
		length = http_shorten(stream, line, filled);
		if (!length)
			return false;
	} else if (line && length) {
#pragma clang loop unroll(full)
		for (i = 0; i < HTTP_WINDOW_CARRY; i += 8)
			http_put_word(stream, i, http_word(stream, line + i));
	}
	stream->line = 0;
	stream->scanned = length;
	stream->filled = length;
	return true;
}

/* Reads more of the segment into the window, behind the line that is not yet complete. */
static __always_inline int http_fill(struct http_visit *visit, struct http_stream *stream)
{
	__u32 read = stream->origin + stream->filled, length, filled;

	if (!http_carry(stream))
		return http_lose(stream);
	http_pass(stream, read);
	if (read >= stream->length)
		return HTTP_STEP_STARVED;
	length = stream->length - read;
	length = http_at_most(length, HTTP_WINDOW_LOAD);
	filled = stream->filled;
	if (filled > HTTP_WINDOW_CARRY || http_read(visit, read, stream->window + filled, length))
		return http_lose(stream);
	stream->origin = read - filled;
	stream->filled = filled + length;
	return HTTP_STEP_ON;
}

/* --- heads and chunks --- */

/* Reads on when the window has been searched. HTTP_STEP_ON: there is something in it. */
static __always_inline int http_look_on(struct http_visit *visit, struct http_stream *stream)
{
	return stream->scanned < stream->filled ? HTTP_STEP_ON : http_fill(visit, stream);
}

/* The first line of a message. */
static __always_inline int http_take_first_line(struct http_visit *visit, struct http_stream *stream)
{
	int step = http_look_on(visit, stream), at;
	__u32 line, end;

	if (step != HTTP_STEP_ON)
		return step;
	at = http_find_line_feed(stream);
	if (at < 0)
		return HTTP_STEP_ON;
	line = stream->line;
	end = at;
	if (end > line && http_byte(stream, end - 1) == '\r')
		end--;
	stream->line = at + 1;
	if (stream->response)
		return http_status_line(stream, line, end);
	if (end != line)
		return http_request_line(stream, line, end);
	/* RFC 9112, 2.2: an empty line before a request is to be ignored. */
	stream->offset = stream->origin + at + 1;
	stream->message_bytes = 0;
	return HTTP_STEP_ON;
}

/*
 * Finds the end of the next line that may matter: the hot loop of all this. Returns where it is in the window, or -1 as
 * http_find_line_feed() does.
 */
static __always_inline int http_find_field(struct http_stream *stream)
{
	__u32 filled = stream->filled, at = stream->scanned;
	int i;

	if (filled > HTTP_WINDOW_FILLED)
		return -1;
#pragma clang loop unroll(disable)
	for (i = 0; i < HTTP_WINDOW_LOOKS; i++) {
		__u64 found;
		__u32 line;

		HTTP_FORGET_BOUNDS(at);
		if (at >= filled)
			break;
		found = http_line_feeds(stream, at);
		if (!found) {
			at += 8;
			continue;
		}
		at += http_lowest(found);
		if (at >= filled)
			break;
		line = stream->line;
		HTTP_FORGET_BOUNDS(line);
		if (http_field_matters(stream->window + line)) {
			stream->scanned = at + 1;
			return at;
		}
		at++;
		stream->line = at;
		stream->head &= ~HTTP_HEAD_AFTER_FRAMING;
	}
	stream->scanned = at < filled ? at : filled;
	return -1;
}

/* A few more fields of a head: up to one that matters, to all there are in the window, or to the end of the head. */
static __always_inline int http_take_some_fields(struct http_visit *visit, struct http_stream *stream)
{
	int step = http_look_on(visit, stream), at;
	__u32 line, end;

	if (step != HTTP_STEP_ON)
		return step;
	at = http_find_field(stream);
	if (at < 0)
		return HTTP_STEP_ON;
	line = stream->line;
	end = at;
	if (end > line && http_byte(stream, end - 1) == '\r')
		end--;
	stream->line = at + 1;
	if (end != line)
		return http_field(stream, line, end);
	http_leave_window(stream, at + 1);
	return HTTP_STEP_HEAD;
}

/* A line of the chunked coding: a size, the end of a chunk, or a field behind the last one. */
static __always_inline int http_take_chunk_line(struct http_visit *visit, struct http_stream *stream)
{
	int step = http_look_on(visit, stream), at;
	__u32 line, end;
	bool strict;

	if (step != HTTP_STEP_ON)
		return step;
	at = http_find_line_feed(stream);
	if (at < 0)
		return HTTP_STEP_ON;
	line = stream->line;
	end = at;
	strict = end > line && http_byte(stream, end - 1) == '\r';
	end -= strict;
	stream->line = at + 1;
	switch (stream->mode) {
	case HTTP_MODE_CHUNK_SIZE:
		step = strict ? http_chunk_size(stream, line, end) : http_lose(stream);
		if (stream->mode == HTTP_MODE_CHUNK)
			http_leave_window(stream, at + 1);
		return step;
	case HTTP_MODE_CHUNK_END:
		if (end != line || !strict)
			return http_lose(stream);
		stream->mode = HTTP_MODE_CHUNK_SIZE;
		return HTTP_STEP_ON;
	default: /* HTTP_MODE_TRAILER */
		if (end != line)
			return HTTP_STEP_ON;
		http_leave_window(stream, at + 1);
		return HTTP_STEP_MESSAGE;
	}
}

/* --- bodies --- */

static __always_inline int http_skip(struct http_stream *stream)
{
	__u64 rest = stream->length - stream->offset;

	if (stream->mode >= HTTP_MODE_UNTIL_CLOSE)
		stream->left = rest + 1;
	if (stream->left > rest) {
		stream->left -= rest;
		http_pass(stream, stream->length);
		return HTTP_STEP_STARVED;
	}
	http_pass(stream, stream->offset + stream->left);
	stream->origin = stream->offset;
	stream->left = 0;
	if (stream->mode == HTTP_MODE_BODY)
		return HTTP_STEP_MESSAGE;
	stream->mode = HTTP_MODE_CHUNK_END;
	return HTTP_STEP_ON;
}

/*
 * After HTTP_STEP_HEAD: what follows the head (RFC 9112, 6.3). `bodiless`: a response that has no body whatever its
 * fields say. Returns HTTP_STEP_ON, or HTTP_STEP_MESSAGE when nothing follows, or HTTP_STEP_LOST.
 */
static __always_inline int http_begin_body(struct http_stream *stream, bool bodiless)
{
	__u8 head = stream->head;

	if (bodiless)
		return HTTP_STEP_MESSAGE;
	if (head & HTTP_HEAD_CODED) {
		/* Two lengths, or a coding that its version does not have: recipients differ. */
		if (head & (HTTP_HEAD_LENGTH | HTTP_HEAD_VERSION_1_0))
			return http_lose(stream);
		if (head & HTTP_HEAD_CHUNKED)
			stream->mode = HTTP_MODE_CHUNK_SIZE;
		else if (stream->response)
			stream->mode = HTTP_MODE_UNTIL_CLOSE;
		else
			return http_lose(stream);
		return HTTP_STEP_ON;
	}
	if (head & HTTP_HEAD_LENGTH) {
		stream->mode = HTTP_MODE_BODY;
		return stream->left ? HTTP_STEP_ON : HTTP_STEP_MESSAGE;
	}
	if (!stream->response)
		return HTTP_STEP_MESSAGE;
	stream->mode = HTTP_MODE_UNTIL_CLOSE;
	return HTTP_STEP_ON;
}

/* After HTTP_STEP_MESSAGE. The bytes of an interim response are counted with its final one. */
static __always_inline void http_end_message(struct http_stream *stream, bool interim)
{
	stream->mode = HTTP_MODE_START;
	stream->left = 0;
	if (!interim)
		stream->message_bytes = 0;
}

#endif
