// SPDX-License-Identifier: GPL-2.0-only
/*
 * For libFuzzer. The first byte of an input seeds how it is cut into pieces; the others are read as a request, as a
 * response, and as both directions of a connection. Whatever they are: nothing outside of them is looked at, pieces make
 * no difference, and what is said of a head lies within it.
 */
#include <stdlib.h>

#include "pieces.h"

static void require(bool holds)
{
	if (!holds)
		abort();
}

static bool is_within(struct http1_span span, struct stream head)
{
	u32 i;

	for (i = span.at; i < (u32)span.at + span.length; i++)
		if (i >= head.length || head.data[i] == '\r' || head.data[i] == '\n' || !head.data[i])
			return false;
	return true;
}

static void check_request(const struct read_head *read, struct stream head)
{
	u8 first = head.data[read->head.path.at];

	require(is_within(read->head.method, head) && read->head.method.length);
	require(is_within(read->head.target, head) && read->head.target.length);
	require(is_within(read->head.path, head) && is_within(read->head.query, head));
	require(is_within(read->head.host, head));
	require(!read->head.path.length || first == '/' || first == '*');
	require(!memchr(head.data + read->head.target.at, ' ', read->head.target.length));
}

static void check_head(const struct read_head *read, struct stream stream, u32 taken)
{
	struct stream head = {stream.data, taken};
	u32 i;

	require(read->head.length == taken && taken <= HTTP1_HEAD_MAX);
	require(read->head.field_count <= HTTP1_FIELDS_MAX);
	require((read->head.verdict >= HTTP1_FOREIGN) == (read->head.reason != HTTP1_NO_REASON));
	if (read->head.verdict != HTTP1_COMPLETE)
		return;
	require(taken >= 4 && !memcmp(stream.data + taken - 4, "\r\n\r\n", 4));
	for (i = 0; i < read->head.field_count; i++) {
		require(is_within(read->fields[i].name, head) && read->fields[i].name.length);
		require(is_within(read->fields[i].value, head));
	}
	if (read->head.kind == HTTP1_REQUEST)
		check_request(read, head);
}

static void check_body(struct http1_body body, struct stream stream, u8 seed)
{
	struct http1_body whole = body, pieces = body;
	u32 taken = read_body_in_pieces(&whole, stream, (struct cutter){cut_nothing, 0});
	u32 cut = read_body_in_pieces(&pieces, stream, (struct cutter){cut_at_random, seed});

	require(same_bodies(&whole, &pieces) && taken == cut);
}

static void check_kind(enum http1_kind kind, struct stream stream, u8 seed)
{
	static struct read_head whole, pieces;
	u32 taken = read_head_in_pieces(&whole, kind, stream, (struct cutter){cut_nothing, 0});
	struct stream rest = {stream.data + taken, stream.length - taken};
	struct http1_body body;

	read_head_in_pieces(&pieces, kind, stream, (struct cutter){cut_at_random, seed});
	require(same_heads(&whole, &pieces));
	check_head(&whole, stream, taken);
	if (whole.head.verdict != HTTP1_COMPLETE)
		return;
	if (kind == HTTP1_REQUEST)
		http1_request_body_begin(&body, &whole.head);
	else
		http1_response_body_begin(&body, &whole.head, seed % 3);
	check_body(body, rest, seed);
}

/* Hands what an idle connection is sent to the reader of heads, as the kernel does. Returns what was taken. */
static u32 send_piece(struct http1_exchange *exchange, struct http1_head *request, const u8 *data, u32 length)
{
	u32 taken;

	if (exchange->phase != HTTP1_IDLE) {
		http1_exchange_sent(exchange, data, length);
		return length;
	}
	taken = http1_head_read(request, data, length);
	if (request->verdict == HTTP1_COMPLETE) {
		http1_exchange_begin(exchange, request);
		http1_head_begin(request, HTTP1_REQUEST, NULL);
	} else if (request->verdict != HTTP1_MORE) {
		return length;
	}
	return taken;
}

static void check_exchange(struct stream stream, u8 seed)
{
	struct cutter cutter = {cut_at_random, seed};
	struct http1_exchange exchange;
	struct http1_head request;
	u32 at = 0;

	http1_exchange_init(&exchange);
	http1_head_begin(&request, HTTP1_REQUEST, NULL);
	while (at < stream.length) {
		u32 length = cut_at_random(&cutter), rest = stream.length - at;
		bool sent = exchange.phase == HTTP1_IDLE || cutter.state & 0x10000;

		if (length > rest)
			length = rest;
		if (sent)
			length = send_piece(&exchange, &request, stream.data + at, length);
		else
			http1_exchange_received(&exchange, stream.data + at, length);
		at += length;
		require((exchange.phase == HTTP1_OPAQUE) == (exchange.opaque != HTTP1_NOT_OPAQUE));
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t length)
{
	struct stream stream = {data + 1, length - 1};

	if (!length)
		return 0;
	check_kind(HTTP1_REQUEST, stream, *data);
	check_kind(HTTP1_RESPONSE, stream, *data);
	check_exchange(stream, *data);
	return 0;
}
