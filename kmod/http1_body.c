// SPDX-License-Identifier: GPL-2.0-only
/* The bodies of HTTP/1.1: where they end (RFC 9112, 6 and 7). */
#include "http1.h"
#include "http1_bytes.h"

/* Fits 64 bits, with all of its digits. */
#define SIZE_DIGITS_MAX 15

enum state {
	SIZE,	   /* its digits */
	EXTENSION, /* the first byte of its name */
	EXTENSION_NAME,
	EXTENSION_VALUE, /* the first byte of it */
	EXTENSION_TOKEN,
	EXTENSION_QUOTED,
	EXTENSION_END,
	SIZE_BREAK, /* LF is due */
	CHUNK,
	CHUNK_END, /* CR is due */
	CHUNK_BREAK,
	TRAILER, /* the first byte of a line */
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_BREAK,
	LAST_BREAK,
};

static void refuse(struct http1_body *body, enum http1_reason reason)
{
	body->verdict = HTTP1_REFUSED;
	body->reason = reason;
}

static void begin(struct http1_body *body, enum http1_framing framing, u64 left)
{
	memset(body, 0, sizeof(*body));
	body->framing = framing;
	body->left = left;
	if (framing == HTTP1_BODY_NONE || (framing == HTTP1_BODY_LENGTH && !left))
		body->verdict = HTTP1_COMPLETE;
}

static void begin_framed(struct http1_body *body, const struct http1_head *head, enum http1_framing otherwise)
{
	if (head->flags & HTTP1_HEAD_CHUNKED)
		begin(body, HTTP1_BODY_CHUNKED, 0);
	else if (head->flags & HTTP1_HEAD_LENGTH)
		begin(body, HTTP1_BODY_LENGTH, head->content_length);
	else
		begin(body, otherwise, 0);
}

void http1_request_body_begin(struct http1_body *body, const struct http1_head *request)
{
	begin_framed(body, request, HTTP1_BODY_NONE);
}

void http1_response_body_begin(struct http1_body *body, const struct http1_head *response, u8 method)
{
	if (method == HTTP1_METHOD_HEAD || response->status == 204 || response->status == 304)
		begin(body, HTTP1_BODY_NONE, 0);
	else
		begin_framed(body, response, HTTP1_BODY_UNTIL_CLOSE);
}

static int hex_digit(u8 byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* White space behind a size, "0x" and signs are what recipients differ over. */
static void read_size(struct http1_body *body, u8 byte)
{
	int digit = hex_digit(byte);

	if (digit >= 0) {
		if (++body->line > SIZE_DIGITS_MAX)
			refuse(body, HTTP1_CHUNK);
		body->left = body->left << 4 | digit;
	} else if (body->line && byte == '\r') {
		body->state = SIZE_BREAK;
	} else if (body->line && byte == ';') {
		body->state = EXTENSION;
	} else {
		refuse(body, HTTP1_CHUNK);
	}
}

static bool is_token(u8 byte)
{
	return http1_bytes[byte] & HTTP1_TOKEN_BYTE;
}

static bool is_text(u8 byte)
{
	return http1_bytes[byte] & HTTP1_VALUE_BYTE;
}

/* What may follow a part of an extension: another extension, or the end of the line. */
static void end_extension(struct http1_body *body, u8 byte)
{
	if (byte == '\r')
		body->state = SIZE_BREAK;
	else if (byte == ';')
		body->state = EXTENSION;
	else
		refuse(body, HTTP1_CHUNK);
}

static void read_extension_value(struct http1_body *body, u8 byte)
{
	if (byte == '"')
		body->state = EXTENSION_QUOTED;
	else if (is_token(byte))
		body->state = EXTENSION_TOKEN;
	else
		refuse(body, HTTP1_CHUNK);
}

/* RFC 9112, 7.1.1, without white space and escapes. Nobody asks what they say. */
static void read_extension(struct http1_body *body, u8 byte)
{
	if (++body->line > HTTP1_CHUNK_LINE_MAX) {
		refuse(body, HTTP1_CHUNK);
		return;
	}
	switch (body->state) {
	case EXTENSION:
		if (!is_token(byte))
			refuse(body, HTTP1_CHUNK);
		body->state = EXTENSION_NAME;
		return;
	case EXTENSION_NAME:
		if (byte == '=')
			body->state = EXTENSION_VALUE;
		else if (!is_token(byte))
			end_extension(body, byte);
		return;
	case EXTENSION_VALUE:
		return read_extension_value(body, byte);
	case EXTENSION_TOKEN:
		if (!is_token(byte))
			end_extension(body, byte);
		return;
	case EXTENSION_QUOTED:
		if (byte == '"')
			body->state = EXTENSION_END;
		else if (byte == '\\' || !is_text(byte))
			refuse(body, HTTP1_CHUNK);
		return;
	default:
		return end_extension(body, byte);
	}
}

static void read_size_break(struct http1_body *body, u8 byte)
{
	if (byte != '\n')
		refuse(body, HTTP1_BARE_BREAK);
	body->state = body->left ? CHUNK : TRAILER;
	body->line = 0;
}

static void expect(struct http1_body *body, u8 byte, u8 due, enum state next)
{
	if (byte != due)
		refuse(body, HTTP1_CHUNK);
	body->state = next;
}

static void read_trailer(struct http1_body *body, u8 byte)
{
	if (byte == '\r')
		body->state = LAST_BREAK;
	else if (http1_bytes[byte] & HTTP1_BLANK_BYTE)
		refuse(body, HTTP1_FOLDED);
	else if (is_token(byte))
		body->state = TRAILER_NAME;
	else
		refuse(body, HTTP1_NAME);
}

static void read_trailer_name(struct http1_body *body, u8 byte)
{
	if (byte == ':')
		body->state = TRAILER_VALUE;
	else if (!is_token(byte))
		refuse(body, HTTP1_NAME);
}

static void read_trailer_value(struct http1_body *body, u8 byte)
{
	if (byte == '\r')
		body->state = TRAILER_BREAK;
	else if (!is_text(byte))
		refuse(body, byte == '\n' ? HTTP1_BARE_BREAK : HTTP1_VALUE);
}

static void read_trailer_break(struct http1_body *body, u8 byte)
{
	if (byte != '\n')
		refuse(body, HTTP1_BARE_BREAK);
	body->state = TRAILER;
}

static void read_last_break(struct http1_body *body, u8 byte)
{
	if (byte == '\n')
		body->verdict = HTTP1_COMPLETE;
	else
		refuse(body, HTTP1_BARE_BREAK);
}

static void read_trailer_byte(struct http1_body *body, u8 byte)
{
	if (++body->line > HTTP1_TRAILER_MAX) {
		refuse(body, HTTP1_TOO_LARGE);
		return;
	}
	switch (body->state) {
	case TRAILER:
		return read_trailer(body, byte);
	case TRAILER_NAME:
		return read_trailer_name(body, byte);
	case TRAILER_VALUE:
		return read_trailer_value(body, byte);
	case TRAILER_BREAK:
		return read_trailer_break(body, byte);
	default:
		return read_last_break(body, byte);
	}
}

/* What is between chunks, and behind the last one. */
static void read_byte(struct http1_body *body, u8 byte)
{
	switch (body->state) {
	case SIZE:
		return read_size(body, byte);
	case EXTENSION ... EXTENSION_END:
		return read_extension(body, byte);
	case SIZE_BREAK:
		return read_size_break(body, byte);
	case CHUNK_END:
		return expect(body, byte, '\r', CHUNK_BREAK);
	case CHUNK_BREAK:
		return expect(body, byte, '\n', SIZE);
	default:
		return read_trailer_byte(body, byte);
	}
}

u32 http1_body_pass(struct http1_body *body, u32 length)
{
	bool chunked = body->framing == HTTP1_BODY_CHUNKED;
	u32 taken;

	if (body->verdict || (chunked && body->state != CHUNK))
		return 0;
	if (body->framing == HTTP1_BODY_UNTIL_CLOSE)
		return length;
	taken = min_t(u64, length, body->left);
	body->left -= taken;
	if (!body->left && chunked)
		body->state = CHUNK_END;
	else if (!body->left)
		body->verdict = HTTP1_COMPLETE;
	return taken;
}

u32 http1_body_read(struct http1_body *body, const u8 *data, u32 length)
{
	u32 at = 0;

	while (at < length && body->verdict == HTTP1_MORE) {
		u32 passed = http1_body_pass(body, length - at);

		if (!passed)
			read_byte(body, data[at]);
		at += passed ?: 1;
	}
	return at;
}
