/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A head as nearly all are: whole in the window, of HTTP/1.1, its framing fields written in the usual way. It is read
 * in one go and from registers: what a segment costs most is not arithmetic but code and memory that the caches have
 * lost since the last one. Whatever is not plain is left to the steps of http_stream.h, which know all the rules.
 */
#ifndef UNDERMESH_HTTP_PLAIN_H
#define UNDERMESH_HTTP_PLAIN_H

#include "http_stream.h"
#include "subprogram.h"

#define HTTP_LINE_BREAK ('\r' | '\n' << 8)

/* Has every verifier see that something lies among the bytes that are loaded at a time. */
#define HTTP_WITHIN_LOAD(at) ((at) & (HTTP_WINDOW_LOAD - 1))

/* Whether "g: chunked" and a line break stand there: the end of the one field Transfer-Encoding that is in use. */
static __always_inline bool http_is_chunked(const __u8 *at)
{
	__u64 text = HTTP_WORD_AT(at) | HTTP_TEXT(' ', 0, 0, ' ', ' ', ' ', ' ', ' ');
	__u32 end = (__u32)HTTP_WORD_AT(at + 8) | (' ' | ' ' << 8);

	return text == HTTP_TEXT('g', ':', ' ', 'c', 'h', 'u', 'n', 'k') &&
	       end == (__u32)HTTP_TEXT('e', 'd', '\r', '\n', 0, 0, 0, 0);
}

/*
 * Takes a length of up to six digits with a line break behind them, all of its digits at once. False when that is not
 * what stands there.
 */
static __always_inline bool http_take_plain_length(struct http_stream *stream, const __u8 *at)
{
	__u64 text = HTTP_WORD_AT(at), digits = text ^ 0x3030303030303030ULL;
	__u32 bits = 8 * http_lowest(((digits + 0x7676767676767676ULL) | digits) & 0x8080808080808080ULL);

	if (!bits || (__u16)(text >> bits) != HTTP_LINE_BREAK)
		return false;
	digits <<= 64 - bits;		      /* zeros in front */
	digits = digits * 10 + (digits >> 8); /* two of them in every other byte, then all */
	stream->left = ((digits & 0x000000ff000000ffULL) * (100 + (1000000ULL << 32)) +
			((digits >> 16) & 0x000000ff000000ffULL) * (1 + (10000ULL << 32))) >>
		       32;
	stream->head |= HTTP_HEAD_LENGTH;
	return true;
}

/* A field that may frame, at the front of a line. False when it does, and not in the usual way. */
static __always_inline bool http_take_plain_field(struct http_stream *stream, const __u8 *line)
{
	__u64 front = HTTP_WORD_AT(line) | HTTP_LOWER, next = HTTP_WORD_AT(line + 8);

	if (front == HTTP_TEXT('c', 'o', 'n', 't', 'e', 'n', 't', '-')) {
		if ((next | HTTP_LOWER) << 16 != HTTP_TEXT(0, 0, 'l', 'e', 'n', 'g', 't', 'h'))
			return true;
		return !(stream->head & HTTP_HEAD_LENGTH) && next >> 48 == (':' | ' ' << 8) &&
		       http_take_plain_length(stream, line + 16);
	}
	if (front != HTTP_TEXT('t', 'r', 'a', 'n', 's', 'f', 'e', 'r') ||
	    (next | HTTP_LOWER) != HTTP_TEXT('-', 'e', 'n', 'c', 'o', 'd', 'i', 'n'))
		return true;
	if ((stream->head & HTTP_HEAD_CODED) || !http_is_chunked(line + 16))
		return false;
	stream->head |= HTTP_HEAD_CODED | HTTP_HEAD_CHUNKED;
	return true;
}

/* Takes the fields of a head. Returns where they begin, `end` where they end; 0 when they are not plain. */
static __always_inline __u32 http_take_plain_fields(struct http_stream *stream, __u32 filled, __u32 *end)
{
	__u32 at = 0, first = 0;
	int i;

#pragma clang loop unroll(disable)
	for (i = 0; i < 2 * HTTP_WINDOW_LOOKS; i++) {
		const __u8 *line;
		__u64 found;

		HTTP_FORGET_BOUNDS(filled);
		HTTP_FORGET_BOUNDS(first);
		at = HTTP_WITHIN_LOAD(at);
		found = http_bytes_of(HTTP_WORD_AT(stream->window + at), '\n');
		at += found ? http_lowest(found) + 1 : 8;
		if (at >= filled)
			break;
		if (!found)
			continue;
		if (!first)
			first = at;
		line = stream->window + HTTP_WITHIN_LOAD(at);
		if (*(const __u16 *)line == HTTP_LINE_BREAK) {
			*end = at + 2;
			return *end <= filled ? first : 0;
		}
		if (*line <= ' ' || !http_take_plain_field(stream, line))
			break;
	}
	return 0;
}

/*
 * Reads a head from the front of a stream's window, which has `filled` bytes. Returns its length; 0 when it is not plain,
 * and then nothing of the stream has changed but what is set anew by whoever reads its first line. Verified by itself:
 * what comes before and behind it is walked through once for each way that leads there.
 */
SUBPROGRAM int http_read_plain_head(struct http_exchange *exchange, __u32 index, __u32 filled)
{
	struct http_stream *stream;
	__u32 fields, end = 0;
	int step;
	__u8 head;

	if (!exchange)
		return 0;
	stream = &exchange->streams[index & 1];
	stream->head = 0;
	stream->left = 0;
	fields = http_take_plain_fields(stream, filled, &end);
	HTTP_FORGET_BOUNDS(fields);
	if (fields < 2 || http_byte(stream, fields - 2) != '\r')
		return 0;
	head = stream->head;
	step = stream->response ? http_status_line(stream, 0, fields - 2)
				: http_request_line(stream, 0, fields - 2);
	stream->head |= head;
	return step == HTTP_STEP_FIRST_LINE ? end : 0;
}

/*
 * Takes a head that begins with the next byte of the segment. HTTP_STEP_HEAD: it was plain. HTTP_STEP_ON: it was not,
 * and its front lies in the window.
 */
static __always_inline int http_take_plain_head(struct http_visit *visit, struct http_exchange *exchange,
						struct http_stream *stream)
{
	__u32 filled = stream->length - stream->offset;
	int length;

	if (!filled)
		return HTTP_STEP_ON;
	filled = http_at_most(filled, HTTP_WINDOW_LOAD);
	if (http_read(visit, stream->offset, stream->window, filled))
		return HTTP_STEP_ON;
	length = http_read_plain_head(exchange, stream->response, filled);
	if (!length) {
		stream->filled = filled;
		stream->mode = HTTP_MODE_START;
		return HTTP_STEP_ON;
	}
	http_pass(stream, stream->offset + length);
	stream->origin = stream->offset;
	return HTTP_STEP_HEAD;
}

#endif
