// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <sys/mman.h>

#include "pieces.h"

u32 cut_nothing(struct cutter *cutter)
{
	(void)cutter;
	return UINT32_MAX;
}

u32 cut_bytes(struct cutter *cutter)
{
	(void)cutter;
	return 1;
}

u32 cut_once(struct cutter *cutter)
{
	u32 first = cutter->state;

	cutter->state = UINT32_MAX;
	return first;
}

u32 cut_at_random(struct cutter *cutter)
{
	cutter->state = cutter->state * 1664525 + 1013904223;
	return 1 + (cutter->state >> 16) % (cutter->state & 0x8000 ? 7 : 300);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif

/*
 * A copy of a piece, to be given back by drop(). The sanitizer sees who looks beside it. Without, for the sake of speed,
 * it ends where a page begins that cannot be read.
 */
#if defined(SANITIZED)
static u8 *place(const u8 *data, u32 length)
{
	u8 *piece = malloc(length);

	if (!piece)
		abort();
	return memcpy(piece, data, length);
}

static void drop(u8 *piece)
{
	free(piece);
}
#else
#define ROOM  (1 << 20)
#define FENCE (1 << 16) /* a page, whatever its size is */

static u8 *place(const u8 *data, u32 length)
{
	static u8 *end;

	if (!end) {
		end = mmap(NULL, ROOM + FENCE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (end == MAP_FAILED || mprotect(end + ROOM, FENCE, PROT_NONE))
			abort();
		end += ROOM;
	}
	if (length > ROOM)
		abort();
	return memcpy(end - length, data, length);
}

static void drop(u8 *piece)
{
	(void)piece;
}
#endif

static u8 *next_piece(struct stream stream, u32 at, struct cutter *cutter, u32 *length)
{
	u32 wanted = cutter->next(cutter), rest = stream.length - at;

	*length = wanted < rest ? wanted : rest;
	return place(stream.data + at, *length);
}

u32 read_head_in_pieces(struct read_head *into, enum http1_kind kind, struct stream stream,
			struct cutter cutter)
{
	u32 at = 0, length;

	memset(into, 0, sizeof(*into));
	http1_head_begin(&into->head, kind, into->fields);
	while (at < stream.length && into->head.verdict == HTTP1_MORE) {
		u8 *piece = next_piece(stream, at, &cutter, &length);
		u32 taken = http1_head_read(&into->head, piece, length);

		drop(piece);
		if (taken > length || (into->head.verdict == HTTP1_MORE && taken != length))
			abort();
		at += taken;
	}
	return at;
}

u32 read_body_in_pieces(struct http1_body *body, struct stream stream, struct cutter cutter)
{
	u32 at = 0, length;

	while (at < stream.length && body->verdict == HTTP1_MORE) {
		u8 *piece = next_piece(stream, at, &cutter, &length);
		u32 taken = http1_body_read(body, piece, length);

		drop(piece);
		if (taken > length || (body->verdict == HTTP1_MORE && taken != length))
			abort();
		at += taken;
	}
	return at;
}

static bool same_spans(struct http1_span one, struct http1_span other)
{
	return one.at == other.at && one.length == other.length;
}

bool same_heads(const struct read_head *one, const struct read_head *other)
{
	const struct http1_head *a = &one->head, *b = &other->head;

	if (a->verdict != b->verdict || a->reason != b->reason)
		return false;
	if (a->verdict != HTTP1_COMPLETE)
		return true;
	return a->length == b->length && a->flags == b->flags && a->minor == b->minor &&
	       a->method_id == b->method_id && a->status == b->status &&
	       a->content_length == b->content_length && same_spans(a->method, b->method) &&
	       same_spans(a->target, b->target) && same_spans(a->path, b->path) &&
	       same_spans(a->query, b->query) && same_spans(a->host, b->host) &&
	       a->field_count == b->field_count &&
	       !memcmp(one->fields, other->fields, a->field_count * sizeof(one->fields[0]));
}

bool same_bodies(const struct http1_body *one, const struct http1_body *other)
{
	return one->verdict == other->verdict && one->reason == other->reason &&
	       (one->verdict != HTTP1_MORE || one->left == other->left);
}
