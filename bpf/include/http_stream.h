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

#include "http_exchange.h"

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

struct http_visit;
static __always_inline long http_read(struct http_visit *visit, __u32 offset, void *to, __u32 length);

/*
 * Has the verifier take an offset in the window for any: each turn of a loop then looks like the one before, and what
 * old kernels do not learn is of no matter. v6.8: "bpf: generalize reg_set_min_max() to handle non-const register
 * comparisons"; before, the verifier took nothing from one offset compared to another.
 */
#ifdef __bpf__
#define HTTP_FORGET_BOUNDS(at) __asm__ volatile("%0 &= 511" : "+r"(at))
#else
#define HTTP_FORGET_BOUNDS(at) ((at) &= 511)
#endif

/*
 * Eight bytes wherever they stand. BPF allows that in memory of a map where the machine does; told of the alignment,
 * clang would put them together from single bytes, which is most of what the verifier would have to walk through.
 */
#ifdef __bpf__
typedef __u64 http_unaligned __attribute__((may_alias));
#else
typedef __u64 http_unaligned __attribute__((aligned(1), may_alias));
#endif
#define HTTP_WORD_AT(address) (*(http_unaligned *)(address))

static __always_inline __u8 http_byte(const struct http_stream *stream, __u32 at)
{
	HTTP_FORGET_BOUNDS(at);
	return stream->window[at];
}

static __always_inline __u64 http_word(const struct http_stream *stream, __u32 at)
{
	HTTP_FORGET_BOUNDS(at);
	return HTTP_WORD_AT(stream->window + at);
}

/* `at` is a constant. */
static __always_inline void http_put_word(struct http_stream *stream, __u32 at, __u64 word)
{
	HTTP_WORD_AT(stream->window + at) = word;
}

/* Takes bytes of the segment as seen, up to `offset`. */
static __always_inline void http_pass(struct http_stream *stream, __u32 offset)
{
	stream->message_bytes += offset - stream->offset;
	stream->offset = offset;
}

/* What comes next begins at `at` in the window; what was read beyond is read again by whoever wants it. */
static __always_inline void http_leave_window(struct http_stream *stream, __u32 at)
{
	stream->origin += at;
	http_pass(stream, stream->origin);
	stream->line = 0;
	stream->scanned = 0;
	stream->filled = 0;
}

static __always_inline int http_lose(struct http_stream *stream)
{
	stream->mode = HTTP_MODE_LOST;
	return HTTP_STEP_LOST;
}

/* A length that is not 0, cut to a power of two, such that the verifier of every kernel sees both. */
static __always_inline __u32 http_at_most(__u32 length, __u32 most)
{
	if (length > most)
		length = most;
	__asm__ volatile("" : "+r"(length));
	return ((length - 1) & (most - 1)) + 1;
}

/* --- the window --- */

/* Whether a line of fields has to be read: empty, folded, or by two of its bytes one of the two that frame. */
static __always_inline bool http_field_matters(const __u8 *line)
{
	__u8 first = line[0] | 0x20, ninth = line[8];

	return (first == 'c' && (ninth | 0x20) == 'l') || (first == 't' && ninth == '-') || line[0] <= ' ';
}

#define HTTP_TEXT(a, b, c, d, e, f, g, h)                                                        \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 | \
	 (__u64)(f) << 40 | (__u64)(g) << 48 | (__u64)(h) << 56)
/* Lower case of eight letters; '-' stays what it is. */
#define HTTP_LOWER 0x2020202020202020ULL

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

/* Has the highest bit of each byte set, from the first line feed on, that is one. */
static __always_inline __u64 http_line_feeds(const struct http_stream *stream, __u32 at)
{
	__u64 word = http_word(stream, at) ^ 0x0a0a0a0a0a0a0a0aULL;

	return (word - 0x0101010101010101ULL) & ~word & 0x8080808080808080ULL;
}

/* Which byte the lowest bit of those is in: it is 1 << (8 * n + 7); the product has n in its highest byte. */
static __always_inline __u32 http_lowest(__u64 found)
{
	return ((((found & -found) >> 7) * 0x0001020304050607ULL) >> 56) & 7;
}

/*
 * Finds the next line feed, eight bytes at a time: returns where it is in the window, or -1. `scanned` is then behind it,
 * or as far as was looked.
 */
static __always_inline int http_find_line_feed(struct http_stream *stream)
{
	__u32 filled = stream->filled, at = stream->scanned;
	int i;

	if (filled > HTTP_WINDOW_FILLED)
		return -1;
#pragma clang loop unroll(disable)
	for (i = 0; i < HTTP_WINDOW_LOOKS / 2; i++) {
		__u64 found;

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
		stream->scanned = at + 1;
		return at;
	}
	stream->scanned = at < filled ? at : filled;
	return -1;
}

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

/* --- lines --- */

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
	__u32 token = http_token_length(stream, line);
	__u8 version;

	/* At least a token, a target of one character and a version, with single spaces between them. */
	if (!token || end < line + token + 11 || end > HTTP_WINDOW_FILLED || end < 9)
		return HTTP_STEP_FOREIGN;
	if (!http_is_version_1(http_word(stream, end - 8), &version) || http_byte(stream, end - 9) != ' ')
		return HTTP_STEP_FOREIGN;
	stream->method = http_method_of(word);
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

/* The fields of a head, up to one that matters, or to all there are in the window. */
static __always_inline int http_take_fields(struct http_visit *visit, struct http_stream *stream)
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
