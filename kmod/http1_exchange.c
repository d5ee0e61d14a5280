// SPDX-License-Identifier: GPL-2.0-only
/* A request and its response: when both are over, the next request may go elsewhere. */
#include "http1.h"

static void lose(struct http1_exchange *exchange, enum http1_opaque why)
{
	exchange->phase = HTTP1_OPAQUE;
	exchange->opaque = why;
}

static void lose_framing(struct http1_exchange *exchange, u8 reason)
{
	lose(exchange, HTTP1_UNFRAMED);
	exchange->reason = reason;
}

/* After a part of it ended. A server may answer before it has the whole request. */
static void settle(struct http1_exchange *exchange)
{
	if (exchange->phase == HTTP1_BUSY && !exchange->answering &&
	    exchange->sent.verdict == HTTP1_COMPLETE && exchange->received.verdict == HTTP1_COMPLETE)
		exchange->phase = HTTP1_IDLE;
}

void http1_exchange_init(struct http1_exchange *exchange)
{
	memset(exchange, 0, sizeof(*exchange));
}

void http1_exchange_begin(struct http1_exchange *exchange, const struct http1_head *request)
{
	exchange->method = request->method_id;
	exchange->phase = HTTP1_BUSY;
	exchange->answering = true;
	http1_request_body_begin(&exchange->sent, request);
	http1_head_begin(&exchange->response, HTTP1_RESPONSE, NULL);
}

enum http1_phase http1_exchange_sent(struct http1_exchange *exchange, const u8 *data, u32 length)
{
	u32 taken;

	if (exchange->phase == HTTP1_OPAQUE || !length)
		return exchange->phase;
	taken = http1_body_read(&exchange->sent, data, length);
	if (exchange->sent.verdict == HTTP1_REFUSED)
		lose_framing(exchange, exchange->sent.reason);
	else if (taken < length)
		lose(exchange, HTTP1_PIPELINED);
	settle(exchange);
	return exchange->phase;
}

/* What the head of a response begins: another one after an interim response, a body, or something else. */
static void begin_response_body(struct http1_exchange *exchange)
{
	struct http1_head *response = &exchange->response;

	if (response->status == 101) {
		lose(exchange, HTTP1_UPGRADED);
	} else if (response->status < 200) {
		http1_head_begin(response, HTTP1_RESPONSE, NULL);
	} else if (exchange->method == HTTP1_METHOD_CONNECT && response->status < 300) {
		lose(exchange, HTTP1_TUNNEL);
	} else {
		exchange->answering = false;
		http1_response_body_begin(&exchange->received, response, exchange->method);
		if (exchange->received.framing == HTTP1_BODY_UNTIL_CLOSE)
			lose(exchange, HTTP1_CLOSING);
	}
}

static u32 read_response_head(struct http1_exchange *exchange, const u8 *data, u32 length)
{
	u32 taken = http1_head_read(&exchange->response, data, length);

	if (exchange->response.verdict == HTTP1_COMPLETE)
		begin_response_body(exchange);
	else if (exchange->response.verdict != HTTP1_MORE)
		lose_framing(exchange, exchange->response.reason);
	return taken;
}

static u32 read_response_body(struct http1_exchange *exchange, const u8 *data, u32 length)
{
	u32 taken = http1_body_read(&exchange->received, data, length);

	if (exchange->received.verdict == HTTP1_REFUSED)
		lose_framing(exchange, exchange->received.reason);
	else if (taken < length)
		lose(exchange, HTTP1_UNSOLICITED);
	return taken;
}

enum http1_phase http1_exchange_received(struct http1_exchange *exchange, const u8 *data, u32 length)
{
	u32 at = 0;

	if (exchange->phase == HTTP1_IDLE && length)
		lose(exchange, HTTP1_UNSOLICITED);
	while (at < length && exchange->phase == HTTP1_BUSY) {
		if (exchange->answering)
			at += read_response_head(exchange, data + at, length - at);
		else
			at += read_response_body(exchange, data + at, length - at);
	}
	settle(exchange);
	return exchange->phase;
}

u32 http1_exchange_pass_sent(struct http1_exchange *exchange, u32 length)
{
	u32 passed = exchange->phase == HTTP1_BUSY ? http1_body_pass(&exchange->sent, length) : 0;

	settle(exchange);
	return passed;
}

u32 http1_exchange_pass_received(struct http1_exchange *exchange, u32 length)
{
	u32 passed = 0;

	if (exchange->phase == HTTP1_BUSY && !exchange->answering)
		passed = http1_body_pass(&exchange->received, length);
	settle(exchange);
	return passed;
}
