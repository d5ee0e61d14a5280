/* SPDX-License-Identifier: GPL-2.0-only */
/* A stream given to the readers in pieces, each in memory of its own, so that a sanitizer sees what looks beyond it. */
#ifndef UNDERMESH_TEST_PIECES_H
#define UNDERMESH_TEST_PIECES_H

#include "../../http1.h"

struct stream {
	const u8 *data;
	u32 length;
};

/* How long the next piece is: at least 1. */
struct cutter {
	u32 (*next)(struct cutter *cutter);
	u32 state;
};

struct read_head {
	struct http1_head head;
	struct http1_field fields[HTTP1_FIELDS_MAX];
};

/* In one piece; byte by byte; `state` bytes and then the rest; of random lengths from a seed. */
u32 cut_nothing(struct cutter *cutter);
u32 cut_bytes(struct cutter *cutter);
u32 cut_once(struct cutter *cutter);
u32 cut_at_random(struct cutter *cutter);

/* Read the front of a stream; both return how many bytes were taken. */
u32 read_head_in_pieces(struct read_head *into, enum http1_kind kind, struct stream stream,
			struct cutter cutter);
u32 read_body_in_pieces(struct http1_body *body, struct stream stream, struct cutter cutter);

/* Whether two readings of the same bytes came to the same. */
bool same_heads(const struct read_head *one, const struct read_head *other);
bool same_bodies(const struct http1_body *one, const struct http1_body *other);

#endif
