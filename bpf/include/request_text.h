/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A request as routes are asked about it: the bytes of its head, where its parts are, and how far the asking has come. It
 * lies in a map, as a stack has no room for it, and what loops count up would be followed through every round there.
 */
#ifndef UNDERMESH_REQUEST_TEXT_H
#define UNDERMESH_REQUEST_TEXT_H

#include "abi.h"
#include "bytes.h"
#include "kernel.h"
#include "route_hash.h"
#include "subprogram.h"
#include <bpf/bpf_helpers.h>

#define REQUEST_HEAD_BYTES 16384 /* HTTP1_HEAD_MAX */
#define REQUEST_FIELDS	   100	 /* HTTP1_FIELDS_MAX */

/* A part of the head, as struct http1_span is one. */
struct text_span {
	__u16 at;
	__u16 length;
};

struct text_field {
	struct text_span name;
	struct text_span value;
};

/* How far the path has been read; see route_path.h. */
struct path_walk {
	struct text_hash hash;
	__u32 longest; /* match that the longest prefix leads to */
	__u32 read;    /* bytes */
	__u8 element;  /* enum element: what was read of this one */
	__u8 escape;   /* bytes of an escape that are still to come */
	__u8 unclear; /* an element that servers may read differently has come: prefixes beyond it do not count */
	__u8 climbs; /* and one that may lead upwards: nothing counts but what takes every path */
};

/* How far the host name has been read, from its end; see routes.h. */
struct host_walk {
	struct text_hash hash;
	__u32 length;
	__u32 longest; /* group of the longest suffix */
};

/* How far a query has been compared with a condition; see route_conditions.h. */
struct query_walk {
	__u16 matched; /* bytes of the name, then of the value */
	__u8 state;    /* enum query_state */
	__u8 escape;
	__u8 byte; /* what the escape stands for so far */
	__u8 holds;
};

struct request_text {
	__u32 routes_id;
	__u8 refusal; /* enum close_reason, when it is refused */
	struct text_span method;
	struct text_span path;
	struct text_span query;
	struct text_span host; /* with its port, if it has one */
	__u16 length;
	__u16 field_count;

	/* where the asking is */
	__u64 edition;
	__u64 method_word;
	struct route_key match;
	struct host_walk host_walk;
	struct path_walk path_walk;
	struct query_walk query_walk;
	__u8 holds;  /* the condition in question */
	__u8 broken; /* an entry that should be there was not: the table has just been replaced */
	__u32 group;
	__u8 refuses; /* nothing took it, and that is to be refused */

	/* the answer */
	struct route_match found;
	struct endpoint endpoint;

	struct text_field fields[REQUEST_FIELDS];
	__u8 host_name[2 * ROUTE_LIMIT_TEXT + 8]; /* in lower case, without the port */
	__u8 head[REQUEST_HEAD_BYTES + ROUTE_LIMIT_TEXT + 8];
};

/* One on each CPU: while a router is asked, the module lets nobody else come there. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct request_text);
} request_text SEC(".maps");

static __always_inline struct request_text *this_cpu_request_text(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&request_text, &zero);
}

/* The head from `at` on: so many bytes as a stored text may have can be read. */
static __always_inline const __u8 *head_at(const struct request_text *text, __u32 at)
{
	return text->head + (at & (REQUEST_HEAD_BYTES - 1));
}

static __always_inline bool is_span_inside(const struct text_span *span, __u32 length)
{
	return span->at <= length && span->length <= length - span->at;
}

/*
 * Whether the first `length` bytes of two texts are the same, which can both be read up to `room`, a multiple of 8. A function
 * of its own for the verifier, which goes through it once. `read`: what is made of eight bytes of the other one.
 */
#define DEFINE_TEXT(type, is_same, room, read)                                                           \
	struct type {                                                                                    \
		__u8 bytes[room];                                                                        \
	};                                                                                               \
	SUBPROGRAM int is_same(const struct type *one, const struct type *other, __u32 length)           \
	{                                                                                                \
		const __u64 *words, *read_words;                                                         \
		__u64 difference;                                                                        \
		__u32 i;                                                                                 \
                                                                                                         \
		if (!one || !other || length > (room))                                                   \
			return 0;                                                                        \
		words = (const __u64 *)one->bytes;                                                       \
		read_words = (const __u64 *)other->bytes;                                                \
		for (i = 0; i < (room) / 8; i++) {                                                       \
			if (length < 8 * (i + 1))                                                        \
				break;                                                                   \
			if (words[i] != read(read_words[i]))                                             \
				return 0;                                                                \
		}                                                                                        \
		if (i == (room) / 8 || length == 8 * i)                                                  \
			return 1;                                                                        \
		difference = words[i] ^ read(read_words[i]);                                             \
		return !(difference << 8 * (8 - (length - 8 * i))); /* without what is behind the end */ \
	}

DEFINE_TEXT(text, is_same_text, ROUTE_LIMIT_TEXT, )
DEFINE_TEXT(text_value, is_same_value, ROUTE_LIMIT_VALUE, )
DEFINE_TEXT(text_name, is_same_name, ROUTE_LIMIT_NAME, lower_word) /* the first one in lower case */

#define TEXT(bytes)  ((const struct text *)(bytes))
#define VALUE(bytes) ((const struct text_value *)(bytes))
#define NAME(bytes)  ((const struct text_name *)(bytes))

/* Whether there is a text of this length; `lengths` as in struct route_table. */
static __always_inline bool has_length(const __u8 *lengths, __u32 length)
{
	__u32 bit = length - 1;

	return bit < ROUTE_LIMIT_TEXT && lengths[bit / 8 & 31] >> (bit & 7) & 1;
}

#endif
