// SPDX-License-Identifier: GPL-2.0-only
/* The heads of HTTP/1.1. A byte is looked at once. */
#include "http1_head.h"

void http1_head_begin(struct http1_head *head, enum http1_kind kind, struct http1_field *fields)
{
	memset(head, 0, sizeof(*head));
	head->kind = kind;
	head->fields = fields;
	head->state = kind == HTTP1_REQUEST ? METHOD : RESPONSE_VERSION;
}

u32 http1_head_read(struct http1_head *head, const u8 *data, u32 length)
{
	u32 bounded = min_t(u32, length, HTTP1_HEAD_MAX - head->length), at = 0;

	while (at < bounded && head->verdict == HTTP1_MORE) {
		u32 taken = head->state < LINE ? http1_read_line(head, data + at, bounded - at)
					       : http1_read_field(head, data + at, bounded - at);

		at += taken;
		head->length += taken;
	}
	if (head->length == HTTP1_HEAD_MAX && head->verdict == HTTP1_MORE)
		refuse(head, HTTP1_TOO_LARGE);
	return at;
}
