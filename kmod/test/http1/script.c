// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads HTTP as it is told on standard input, and prints what it came to, a line of JSON for each line:
 *   head request|response HEX          one head, cut in two at every place as well: all must agree
 *   requests HEX                       messages one behind the other
 *   responses METHOD,... HEX           answers to requests with these methods: HEAD, CONNECT or OTHER
 *   exchange [sent|received HEX] ...   the phases of a connection; what is sent when it is idle is the head of a request
 */
#include <stdio.h>
#include <stdlib.h>

#include "pieces.h"

static const char *const verdicts[] = {"more", "complete", "foreign", "refused"};
static const char *const phases[] = {"idle", "busy", "opaque"};

#define LINE_MAX_BYTES (1 << 20)

static struct stream from_hex(const char *hex)
{
	u32 length = hex ? strlen(hex) / 2 : 0, i;
	u8 *data = malloc(length + 1);

	for (i = 0; i < length; i++) {
		unsigned int byte = 0;

		sscanf(hex + 2 * i, "%2x", &byte);
		data[i] = byte;
	}
	return (struct stream){data, length};
}

static struct stream behind(struct stream stream, u32 at)
{
	return (struct stream){stream.data + at, stream.length - at};
}

static void print_span(const char *name, struct http1_span span)
{
	printf(",\"%s\":[%u,%u]", name, span.at, span.length);
}

static void print_head(const struct read_head *read)
{
	const struct http1_head *head = &read->head;
	u32 i;

	printf("{\"verdict\":\"%s\",\"reason\":\"%s\",\"length\":%u,\"minor\":%u,\"status\":%u",
	       verdicts[head->verdict], http1_reason_names[head->reason], head->length, head->minor,
	       head->status);
	printf(",\"contentLength\":%lld,\"chunked\":%s",
	       head->flags & HTTP1_HEAD_LENGTH ? (long long)head->content_length : -1,
	       head->flags & HTTP1_HEAD_CHUNKED ? "true" : "false");
	print_span("method", head->method);
	print_span("target", head->target);
	print_span("path", head->path);
	print_span("query", head->query);
	print_span("host", head->host);
	printf(",\"fields\":[");
	for (i = 0; i < head->field_count; i++)
		printf("%s[%u,%u,%u,%u]", i ? "," : "", read->fields[i].name.at, read->fields[i].name.length,
		       read->fields[i].value.at, read->fields[i].value.length);
	printf("]}\n");
}

/* Whether it is the same however it is cut. */
static bool is_same_in_pieces(const struct read_head *whole, enum http1_kind kind, struct stream stream)
{
	static struct read_head other;
	u32 i;

	read_head_in_pieces(&other, kind, stream, (struct cutter){cut_bytes, 0});
	if (!same_heads(whole, &other))
		return false;
	for (i = 1; i < stream.length; i++) {
		read_head_in_pieces(&other, kind, stream, (struct cutter){cut_once, i});
		if (!same_heads(whole, &other))
			return false;
	}
	return true;
}

static void do_head(void)
{
	static struct read_head whole;
	enum http1_kind kind = strcmp(strtok(NULL, " \n"), "request") ? HTTP1_RESPONSE : HTTP1_REQUEST;
	struct stream stream = from_hex(strtok(NULL, " \n"));

	read_head_in_pieces(&whole, kind, stream, (struct cutter){cut_nothing, 0});
	if (is_same_in_pieces(&whole, kind, stream))
		print_head(&whole);
	else
		printf("{\"verdict\":\"depends on the pieces\"}\n");
	free((void *)stream.data);
}

struct messages {
	u32 count;
	u8 verdict; /* of what is behind them */
	u8 reason;
};

static void print_message(struct messages *messages, u32 length, u32 status)
{
	printf("%s[%u,%u]", messages->count++ ? "," : "{\"messages\":[", length, status);
}

/* Takes a message off the front of a stream; 0: there is none that is complete. */
static u32 take_message(struct stream stream, enum http1_kind kind, u8 method, struct messages *messages)
{
	static struct read_head read;
	struct cutter cutter = {cut_at_random, stream.length};
	u32 taken = read_head_in_pieces(&read, kind, stream, cutter);
	struct http1_body body;

	messages->verdict = read.head.verdict;
	messages->reason = read.head.reason;
	if (read.head.verdict != HTTP1_COMPLETE)
		return 0;
	if (kind == HTTP1_REQUEST)
		http1_request_body_begin(&body, &read.head);
	else if (read.head.status < 200)
		memset(&body, HTTP1_COMPLETE, sizeof(body));
	else
		http1_response_body_begin(&body, &read.head, method);
	taken += read_body_in_pieces(&body, behind(stream, taken), cutter);
	messages->verdict = body.verdict;
	messages->reason = body.reason;
	if (body.verdict != HTTP1_COMPLETE)
		return 0;
	print_message(messages, taken, read.head.status);
	return read.head.status && read.head.status < 200 ? taken | 1u << 31 : taken;
}

static u8 method_of(const char *name)
{
	if (!name)
		return HTTP1_METHOD_OTHER;
	if (!strcmp(name, "HEAD"))
		return HTTP1_METHOD_HEAD;
	return strcmp(name, "CONNECT") ? HTTP1_METHOD_OTHER : HTTP1_METHOD_CONNECT;
}

static void do_messages(enum http1_kind kind)
{
	char *methods = kind == HTTP1_RESPONSE ? strtok(NULL, " \n") : NULL, *rest = NULL;
	struct stream all = from_hex(strtok(NULL, " \n")), stream = all;
	const char *method = methods ? strtok_r(methods, ",", &rest) : NULL;
	struct messages messages = {};

	while (stream.length) {
		u32 taken = take_message(stream, kind, method_of(method), &messages);

		if (!taken)
			break;
		if (!(taken & 1u << 31))
			method = methods ? strtok_r(NULL, ",", &rest) : NULL;
		stream = behind(stream, taken & ~(1u << 31));
	}
	printf("%s],\"rest\":%u,\"verdict\":\"%s\",\"reason\":\"%s\"}\n",
	       messages.count ? "" : "{\"messages\":[", stream.length, verdicts[messages.verdict],
	       http1_reason_names[messages.reason]);
	free((void *)all.data);
}

/* A way to give an exchange what was sent behind a head, or received: read, or passed where it need not be read. */
typedef void (*give)(struct http1_exchange *exchange, struct stream stream);

static void read_sent(struct http1_exchange *exchange, struct stream stream)
{
	http1_exchange_sent(exchange, stream.data, stream.length);
}

static void read_received(struct http1_exchange *exchange, struct stream stream)
{
	http1_exchange_received(exchange, stream.data, stream.length);
}

static void pass_sent(struct http1_exchange *exchange, struct stream stream)
{
	u32 taken;

	for (; stream.length; stream = behind(stream, taken)) {
		taken = http1_exchange_pass_sent(exchange, stream.length);
		if (!taken)
			http1_exchange_sent(exchange, stream.data, taken = 1);
	}
}

static void pass_received(struct http1_exchange *exchange, struct stream stream)
{
	u32 taken;

	for (; stream.length; stream = behind(stream, taken)) {
		taken = http1_exchange_pass_received(exchange, stream.length);
		if (!taken)
			http1_exchange_received(exchange, stream.data, taken = 1);
	}
}

/* A head when none is on its way, and what is behind it. */
static void send_to(struct http1_exchange *exchange, struct stream stream, give give)
{
	struct read_head read;
	u32 taken;

	if (exchange->phase != HTTP1_IDLE) {
		give(exchange, stream);
		return;
	}
	taken = read_head_in_pieces(&read, HTTP1_REQUEST, stream, (struct cutter){cut_nothing, 0});
	if (read.head.verdict != HTTP1_COMPLETE)
		abort();
	http1_exchange_begin(exchange, &read.head);
	give(exchange, behind(stream, taken));
}

static void do_exchange(void)
{
	struct http1_exchange exchange, passed;
	const char *word;

	http1_exchange_init(&exchange);
	http1_exchange_init(&passed);
	printf("[");
	while ((word = strtok(NULL, " \n"))) {
		struct stream stream = from_hex(strtok(NULL, " \n"));

		if (!strcmp(word, "sent")) {
			send_to(&exchange, stream, read_sent);
			send_to(&passed, stream, pass_sent);
		} else {
			read_received(&exchange, stream);
			pass_received(&passed, stream);
		}
		if (exchange.phase != passed.phase || exchange.opaque != passed.opaque)
			abort();
		printf("\"%s\",", phases[exchange.phase]);
		free((void *)stream.data);
	}
	printf("\"%s\"]\n", http1_opaque_names[exchange.opaque]);
}

int main(void)
{
	static char line[LINE_MAX_BYTES];

	while (fgets(line, sizeof(line), stdin)) {
		const char *verb = strtok(line, " \n");

		if (!verb)
			continue;
		if (!strcmp(verb, "head"))
			do_head();
		else if (!strcmp(verb, "requests"))
			do_messages(HTTP1_REQUEST);
		else if (!strcmp(verb, "responses"))
			do_messages(HTTP1_RESPONSE);
		else
			do_exchange();
	}
	return 0;
}
