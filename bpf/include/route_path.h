/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The match that a path leads to: that of the exact path, else of the longest prefix of whole elements. A path is compared
 * byte by byte as it was sent; what servers may read as another path does not count:
 *
 *   unclear   an empty element that is not the last, ".", an escape of a letter, digit, "-", ".", "_", "~", "/", "\" or NUL
 *             or of nothing, a "\". From its element on nothing is matched.
 *   climbs    "..", also behind an escaped "/", with escaped dots or before ";". Only what takes every path is matched.
 *
 * docs/decisions/0027-routes-in-the-kernel.md; the waypoint does the same (apps/agent/src/waypoint).
 */
#ifndef UNDERMESH_ROUTE_PATH_H
#define UNDERMESH_ROUTE_PATH_H

#include "request_text.h"
#include "route_maps.h"
#include "subprogram.h"

/* What was read of an element, as the server splits it that splits most. */
enum element {
	ELEMENT_EMPTY,
	ELEMENT_DOT,
	ELEMENT_DOTS,
	ELEMENT_OTHER,
};

/* The match behind the first `length` bytes of the path. */
static __always_inline __u32 find_path(struct request_text *text, __u32 group, __u32 kind, __u32 length)
{
	struct route_text_key key = {
		.edition = text->edition,
		.hash = text->path_walk.hash.one,
		.other_hash = text->path_walk.hash.other,
		.group = group,
		.kind = kind,
	};
	struct route_text *found = bpf_map_lookup_elem(&route_texts, &key);

	if (!found || found->length != length ||
	    !is_same_text(TEXT(found->text), TEXT(head_at(text, text->path.at)), length))
		return 0;
	return found->leads_to;
}

#define NO_ESCAPE 256

/* Of a percent sign: the byte that it and what follows stand for, or NO_ESCAPE. */
static __always_inline __u32 escaped(const __u8 *escape)
{
	if (!is_hex(escape[1]) || !is_hex(escape[2]))
		return NO_ESCAPE;
	return hex_value(escape[1]) << 4 | hex_value(escape[2]);
}

/* An element ends, at least for some. */
static __always_inline void end_element(struct path_walk *walk)
{
	if (walk->element == ELEMENT_DOTS)
		walk->climbs = true;
	else if (walk->element == ELEMENT_DOT)
		walk->unclear = true;
	walk->element = ELEMENT_EMPTY;
}

static __always_inline void read_byte(struct path_walk *walk, __u8 byte)
{
	if (byte == '/' || byte == '\\' || !byte)
		end_element(walk);
	else if (byte == ';' && walk->element == ELEMENT_DOTS)
		walk->climbs = true;
	else if (byte == '.' && walk->element < ELEMENT_DOTS)
		walk->element++;
	else
		walk->element = ELEMENT_OTHER;
}

struct path_loop {
	struct request_text *text;
	struct route_group *group;
	__u32 group_number;
};

/* A slash: what stands before it is a prefix of whole elements. */
static __always_inline void end_prefix(struct path_loop *loop, __u32 length)
{
	struct path_walk *walk = &loop->text->path_walk;
	__u32 match;

	if (walk->unclear || !length || !has_length(loop->group->prefix_lengths, length))
		return;
	match = find_path(loop->text, loop->group_number, ROUTE_TEXT_KIND_PATH_PREFIX, length);
	if (match)
		walk->longest = match;
}

/* A percent sign: what it stands for is read in its place. */
static __always_inline __u8 read_escape(struct path_walk *walk, const __u8 *at)
{
	__u32 means = escaped(at);

	if (means == NO_ESCAPE) {
		walk->unclear = true;
		return *at;
	}
	walk->escape = 2;
	if (byte_kinds[means & 0xff] & BYTE_UNCLEAR)
		walk->unclear = true;
	return means;
}

/* For bpf_loop(): 1 ends it. */
static long read_path(__u32 number, struct path_loop *loop)
{
	struct request_text *text = loop->text;
	struct path_walk *walk = &text->path_walk;
	const __u8 *at = head_at(text, text->path.at + number);
	__u8 byte = *at;

	if (walk->escape) {
		walk->escape--;
	} else if (byte == '/') {
		if (number && walk->element == ELEMENT_EMPTY)
			walk->unclear = true;
		end_element(walk);
		end_prefix(loop, number);
	} else {
		if (byte == '\\')
			walk->unclear = true;
		read_byte(walk, byte == '%' ? read_escape(walk, at) : byte);
	}
	hash_byte(&walk->hash, byte);
	walk->read = number + 1;
	return walk->climbs != 0;
}

/* Leaves in text->match the first match to try in this group. */
SUBPROGRAM int find_by_path(struct request_text *text, struct route_group *group, __u32 number)
{
	struct path_loop loop = {.text = text, .group = group, .group_number = number};
	struct path_walk *walk;
	__u32 length, match;

	if (!text || !group)
		return 0;
	walk = &text->path_walk;
	length = text->path.length;
	text->match.number = group->first_match;
	if (!length || length > ROUTE_LIMIT_PATH_READ || *head_at(text, text->path.at) != '/')
		return 0;
	__builtin_memset(walk, 0, sizeof(*walk));
	begin_hash(&walk->hash);
	bpf_loop(length, read_path, &loop, 0);
	end_element(walk);
	if (walk->climbs)
		return 0;
	end_prefix(&loop, length);
	match = !walk->unclear && has_length(group->path_lengths, length)
			? find_path(text, number, ROUTE_TEXT_KIND_PATH, length)
			: 0;
	if (match || walk->longest)
		text->match.number = match ?: walk->longest;
	return 0;
}

#endif
