/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the lines of HTTP/1.1 say (RFC 9112): first lines, the fields that frame, and the sizes of chunks. */
#ifndef UNDERMESH_HTTP_LINE_H
#define UNDERMESH_HTTP_LINE_H

#include "http_window.h"

/* What a step came to. */
enum http_step {
	HTTP_STEP_ON = 0,
	HTTP_STEP_STARVED = 1,	  /* the segment is used up */
	HTTP_STEP_FIRST_LINE = 2, /* a first line: method or status is known */
	HTTP_STEP_HEAD = 3,	  /* the end of a head: http_begin_body() is due */
	HTTP_STEP_MESSAGE = 4,	  /* the end of a message: http_end_message() is due */
	HTTP_STEP_FOREIGN = 5,	  /* a first line that is not of HTTP/1 */
	HTTP_STEP_LOST = 6,	  /* something that cannot be framed */
};

static __always_inline int http_lose(struct http_stream *stream)
{
	stream->mode = HTTP_MODE_LOST;
	return HTTP_STEP_LOST;
}

/* --- first lines --- */

/* Whether bytes may begin a request: a capital letter and no control characters before the first space. */
static __always_inline bool http_may_begin_request(__u64 word, __u32 length)
{
	__u8 first = word;
	__u32 i;

	if (first == '\r' || first == '\n')
		return true;
	if (first < 'A' || first > 'Z')
		return false;
#pragma clang loop unroll(full)
	for (i = 1; i < 8; i++) {
		__u8 byte = word >> (8 * i);

		if (i >= length || byte == ' ')
			return true;
		if (byte < ' ' || byte >= 0x7f)
			return false;
	}
	return true;
}

/* Of the first bytes of a connection, up to eight in a word. HTTP_PROTOCOL_UNKNOWN: perhaps HTTP/1, go on. */
static __always_inline __u8 http_recognise(__u64 word, __u32 length, bool response)
{
	__u64 mask = length >= 7 ? 0x00ffffffffffffffULL : (1ULL << (8 * length)) - 1;

	if (response)
		return ((word ^ HTTP_TEXT('H', 'T', 'T', 'P', '/', '1', '.', 0)) & mask) == 0
			       ? HTTP_PROTOCOL_UNKNOWN
			       : HTTP_PROTOCOL_OTHER;
	if ((__u8)word == 0x16 && (length == 1 || (__u8)(word >> 8) == 3))
		return HTTP_PROTOCOL_TLS;
	return http_may_begin_request(word, length) ? HTTP_PROTOCOL_UNKNOWN : HTTP_PROTOCOL_OTHER;
}

static __always_inline __u8 http_method_of(__u64 word)
{
	if ((__u32)word == (__u32)HTTP_TEXT('G', 'E', 'T', ' ', 0, 0, 0, 0))
		return HTTP_METHOD_GET;
	if ((__u32)word == (__u32)HTTP_TEXT('P', 'U', 'T', ' ', 0, 0, 0, 0))
		return HTTP_METHOD_PUT;
	if (word << 24 == HTTP_TEXT(0, 0, 0, 'P', 'O', 'S', 'T', ' '))
		return HTTP_METHOD_POST;
	if (word << 24 == HTTP_TEXT(0, 0, 0, 'H', 'E', 'A', 'D', ' '))
		return HTTP_METHOD_HEAD;
	if (word << 16 == HTTP_TEXT(0, 0, 'P', 'A', 'T', 'C', 'H', ' '))
		return HTTP_METHOD_PATCH;
	if (word << 16 == HTTP_TEXT(0, 0, 'T', 'R', 'A', 'C', 'E', ' '))
		return HTTP_METHOD_TRACE;
	if (word << 8 == HTTP_TEXT(0, 'D', 'E', 'L', 'E', 'T', 'E', ' '))
		return HTTP_METHOD_DELETE;
	if (word == HTTP_TEXT('O', 'P', 'T', 'I', 'O', 'N', 'S', ' '))
		return HTTP_METHOD_OPTIONS;
	if (word == HTTP_TEXT('C', 'O', 'N', 'N', 'E', 'C', 'T', ' '))
		return HTTP_METHOD_CONNECT;
	return HTTP_METHOD_OTHER;
}

/* A method is a token of at most 24 characters here. Returns its length, 0 when there is none. */
static __always_inline __u32 http_token_length(const struct http_stream *stream, __u32 line)
{
	__u32 i;

#pragma clang loop unroll(disable)
	for (i = 0; i < 24; i++) {
		__u8 byte = http_byte(stream, line + i);

		if (byte == ' ')
			return i;
		if (byte < ' ' || byte >= 0x7f)
			break;
	}
	return 0;
}

/* "HTTP/1.0" or "HTTP/1.1"; `version` gets its last digit. */
static __always_inline bool http_is_version_1(__u64 word, __u8 *version)
{
	*version = (word >> 56) - '0';
	return word << 8 == HTTP_TEXT(0, 'H', 'T', 'T', 'P', '/', '1', '.') && *version <= 1;
}

static __always_inline int http_request_line(struct http_stream *stream, __u32 line, __u32 end)
{
	__u64 word = http_word(stream, line);
	__u8 method = http_method_of(word), version;
	__u32 token = method ? http_lowest(http_bytes_of(word, ' ')) : http_token_length(stream, line);

	/* At least a token, a target of one character and a version, with single spaces between them. */
	if (!token || end < line + token + 11 || end > HTTP_WINDOW_FILLED || end < 9)
		return HTTP_STEP_FOREIGN;
	if (!http_is_version_1(http_word(stream, end - 8), &version) || http_byte(stream, end - 9) != ' ')
		return HTTP_STEP_FOREIGN;
	stream->method = method;
	stream->head = version ? 0 : HTTP_HEAD_VERSION_1_0;
	stream->mode = HTTP_MODE_FIELDS;
	return HTTP_STEP_FIRST_LINE;
}

static __always_inline int http_status_line(struct http_stream *stream, __u32 line, __u32 end)
{
	__u64 code = http_word(stream, line + 8);
	__u32 hundreds = (__u8)(code >> 8) - '0', tens = (__u8)(code >> 16) - '0',
	      ones = (__u8)(code >> 24) - '0';
	__u8 version, after = code >> 32;

	if (end < line + 12 || !http_is_version_1(http_word(stream, line), &version))
		return HTTP_STEP_FOREIGN;
	if ((__u8)code != ' ' || hundreds < 1 || hundreds > 5 || tens > 9 || ones > 9 ||
	    (end > line + 12 && after != ' '))
		return HTTP_STEP_FOREIGN;
	stream->status = hundreds * 100 + tens * 10 + ones;
	stream->head = version ? 0 : HTTP_HEAD_VERSION_1_0;
	stream->mode = HTTP_MODE_FIELDS;
	return HTTP_STEP_FIRST_LINE;
}

/* --- fields --- */

/* Whether a line of fields has to be read: empty, folded, or by two of its bytes one of the two that frame. */
static __always_inline bool http_field_matters(const __u8 *line)
{
	__u8 first = line[0] | 0x20, ninth = line[8];

	return (first == 'c' && (ninth | 0x20) == 'l') || (first == 't' && ninth == '-') || line[0] <= ' ';
}

enum http_field {
	HTTP_FIELD_OTHER = 0,
	HTTP_FIELD_CONTENT_LENGTH = 14, /* the length of its name */
	HTTP_FIELD_TRANSFER_ENCODING = 17,
};

/* What a line of fields is, by its name and what stands behind it: a colon, or white space that should not be there. */
static __always_inline __u32 http_field_name(const struct http_stream *stream, __u32 line)
{
	__u64 front = http_word(stream, line) | HTTP_LOWER, next = http_word(stream, line + 8) | HTTP_LOWER;
	__u32 name = HTTP_FIELD_OTHER;
	__u8 after;

	if (front == HTTP_TEXT('c', 'o', 'n', 't', 'e', 'n', 't', '-') &&
	    next << 16 == HTTP_TEXT(0, 0, 'l', 'e', 'n', 'g', 't', 'h'))
		name = HTTP_FIELD_CONTENT_LENGTH;
	else if (front == HTTP_TEXT('t', 'r', 'a', 'n', 's', 'f', 'e', 'r') &&
		 next == HTTP_TEXT('-', 'e', 'n', 'c', 'o', 'd', 'i', 'n') &&
		 (http_byte(stream, line + 16) | 0x20) == 'g')
		name = HTTP_FIELD_TRANSFER_ENCODING;
	after = http_byte(stream, line + name);
	return after == ':' || after == ' ' || after == '\t' ? name : HTTP_FIELD_OTHER;
}

/* Where the white space that begins at `at` ends, after at most eight characters of it. */
static __always_inline __u32 http_after_space(const struct http_stream *stream, __u32 at)
{
	int i;

#pragma clang loop unroll(disable)
	for (i = 0; i < 8; i++) {
		HTTP_FORGET_BOUNDS(at);
		if (at >= HTTP_WINDOW_FILLED ||
		    (http_byte(stream, at) != ' ' && http_byte(stream, at) != '\t'))
			break;
		at++;
	}
	return at;
}

/* RFC 9112, 6.2. Up to 18 digits; one that comes twice, or in another shape, is nobody's to interpret. */
static __always_inline int http_content_length(struct http_stream *stream, __u32 at, __u32 end)
{
	__u64 value = 0;
	__u32 first;
	int i;

	at = first = http_after_space(stream, at);
#pragma clang loop unroll(disable)
	for (i = 0; i < 18; i++) {
		__u8 digit;

		HTTP_FORGET_BOUNDS(at);
		if (at >= HTTP_WINDOW_FILLED)
			break;
		digit = http_byte(stream, at) - '0';
		if (digit > 9)
			break;
		value = value * 10 + digit;
		at++;
	}
	if (at == first || http_after_space(stream, at) != end || (stream->head & HTTP_HEAD_LENGTH))
		return http_lose(stream);
	stream->left = value;
	stream->head |= HTTP_HEAD_LENGTH | HTTP_HEAD_AFTER_FRAMING;
	return HTTP_STEP_ON;
}

/* RFC 9112, 6.1: only whether the last coding is chunked. */
static __always_inline int http_transfer_encoding(struct http_stream *stream, __u32 at, __u32 end)
{
	__u64 last;
	__u8 before;
	int i;

#pragma clang loop unroll(disable)
	for (i = 0; i < 8; i++) {
		__u32 byte = end - 1;

		HTTP_FORGET_BOUNDS(byte);
		if (byte >= HTTP_WINDOW_FILLED ||
		    (http_byte(stream, byte) != ' ' && http_byte(stream, byte) != '\t'))
			break;
		end = byte;
	}
	if (end <= at || end > HTTP_WINDOW_FILLED || end < 8 || (stream->head & HTTP_HEAD_CHUNKED))
		return http_lose(stream);
	last = http_word(stream, end - 8);
	before = last;
	stream->head |= HTTP_HEAD_CODED | HTTP_HEAD_AFTER_FRAMING;
	if (end >= at + 7 && (last | HTTP_LOWER) >> 8 == HTTP_TEXT('c', 'h', 'u', 'n', 'k', 'e', 'd', 0) &&
	    (before == ':' || before == ' ' || before == '\t' || before == ','))
		stream->head |= HTTP_HEAD_CHUNKED;
	return HTTP_STEP_ON;
}

static __always_inline int http_field(struct http_stream *stream, __u32 line, __u32 end)
{
	__u32 name;

	/* A folded line goes on with the field before it, which was complete if it was of no interest. */
	if (http_byte(stream, line) == ' ' || http_byte(stream, line) == '\t')
		return stream->head & HTTP_HEAD_AFTER_FRAMING ? http_lose(stream) : HTTP_STEP_ON;
	name = http_field_name(stream, line);
	stream->head &= ~HTTP_HEAD_AFTER_FRAMING;
	if (name == HTTP_FIELD_OTHER || end < line + name + 1)
		return http_byte(stream, line) < ' ' ? http_lose(stream) : HTTP_STEP_ON;
	/* RFC 9112, 5.1: white space before the colon is where recipients differ. */
	if (http_byte(stream, line + name) != ':')
		return http_lose(stream);
	if (name == HTTP_FIELD_CONTENT_LENGTH)
		return http_content_length(stream, line + name + 1, end);
	return http_transfer_encoding(stream, line + name + 1, end);
}

/* RFC 9112, 7.1: up to 15 hexadecimal digits, then nothing, white space or an extension. */
static __always_inline int http_chunk_size(struct http_stream *stream, __u32 line, __u32 end)
{
	__u64 size = 0;
	__u8 byte = 0;
	__u32 i;

#pragma clang loop unroll(disable)
	for (i = 0; i < 16; i++) {
		__u8 digit;

		if (line + i >= end)
			break;
		byte = http_byte(stream, line + i);
		digit = byte - '0';
		if (digit > 9) {
			digit = (byte | 0x20) - 'a';
			if (digit > 5)
				break;
			digit += 10;
		}
		size = size << 4 | digit;
	}
	if (!i || i == 16 || (line + i < end && byte != ';' && byte != ' ' && byte != '\t'))
		return http_lose(stream);
	stream->left = size;
	stream->mode = size ? HTTP_MODE_CHUNK : HTTP_MODE_TRAILER;
	return HTTP_STEP_ON;
}

#endif
