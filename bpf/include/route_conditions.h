/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether a request is as a match wants it: its method, its headers, its query. A field or parameter that comes more than
 * once holds if one of them does, as at a waypoint.
 */
#ifndef UNDERMESH_ROUTE_CONDITIONS_H
#define UNDERMESH_ROUTE_CONDITIONS_H

#include "request_text.h"
#include "route_maps.h"
#include "subprogram.h"

struct condition_loop {
	struct request_text *text;
	struct route_condition *condition;
};

/* --- headers --- */

/* For bpf_loop(): 1 ends it. */
static long look_at_field(__u32 number, struct condition_loop *loop)
{
	struct route_condition *condition = loop->condition;
	struct request_text *text = loop->text;
	__u32 length = condition->value_length;
	struct text_field *field;

	if (number >= REQUEST_FIELDS)
		return 1;
	field = &text->fields[number];
	if (field->name.length != condition->name_length ||
	    !is_same_name(NAME(condition->name), NAME(head_at(text, field->name.at)), condition->name_length))
		return 0;
	if (condition->kind == ROUTE_CONDITION_KIND_HEADER ? field->value.length != length
							   : field->value.length < length)
		return 0;
	if (!is_same_value(VALUE(condition->value), VALUE(head_at(text, field->value.at)), length))
		return 0;
	text->holds = true;
	return 1;
}

/* --- the query --- */

enum query_state {
	QUERY_NAME,
	QUERY_VALUE,
	QUERY_OTHER, /* another parameter: on to the next */
};

static __always_inline void end_parameter(struct query_walk *walk, struct route_condition *condition)
{
	if (walk->state == QUERY_VALUE && !walk->escape && walk->matched == condition->value_length)
		walk->holds = true;
	walk->state = QUERY_NAME;
	walk->matched = 0;
	walk->escape = 0;
}

static __always_inline void read_value_byte(struct query_walk *walk, struct route_condition *condition,
					    __u8 byte)
{
	if (walk->matched < condition->value_length &&
	    condition->value[walk->matched & (ROUTE_LIMIT_VALUE - 1)] == byte)
		walk->matched++;
	else if (walk->matched < condition->value_length || condition->kind == ROUTE_CONDITION_KIND_QUERY)
		walk->state = QUERY_OTHER;
}

static __always_inline void read_value(struct query_walk *walk, struct route_condition *condition, __u8 byte)
{
	if (walk->escape) {
		if (!is_hex(byte)) {
			walk->state = QUERY_OTHER;
			return;
		}
		walk->byte = walk->byte << 4 | hex_value(byte);
		if (!--walk->escape)
			read_value_byte(walk, condition, walk->byte);
	} else if (byte == '%') {
		walk->escape = 2;
	} else {
		read_value_byte(walk, condition, byte == '+' ? ' ' : byte);
	}
}

/* For bpf_loop(): 1 ends it. */
static long read_query(__u32 number, struct condition_loop *loop)
{
	struct route_condition *condition = loop->condition;
	struct request_text *text = loop->text;
	struct query_walk *walk = &text->query_walk;
	__u8 byte = *head_at(text, text->query.at + number);

	if (byte == '&') {
		end_parameter(walk, condition);
		return walk->holds != 0;
	}
	if (walk->state == QUERY_VALUE) {
		read_value(walk, condition, byte);
	} else if (walk->state == QUERY_NAME) {
		if (byte == '=' && walk->matched == condition->name_length) {
			walk->state = QUERY_VALUE;
			walk->matched = 0;
		} else if (walk->matched < condition->name_length &&
			   condition->name[walk->matched & (ROUTE_LIMIT_NAME - 1)] == byte) {
			walk->matched++;
		} else {
			walk->state = QUERY_OTHER;
		}
	}
	return 0;
}

/* Leaves in text->holds whether it has the parameter. */
SUBPROGRAM int look_at_query(struct request_text *text, struct route_condition *condition)
{
	struct condition_loop loop = {.text = text, .condition = condition};
	struct query_walk *walk;

	if (!text || !condition)
		return 0;
	walk = &text->query_walk;
	__builtin_memset(walk, 0, sizeof(*walk));
	bpf_loop(text->query.length, read_query, &loop, 0);
	if (!walk->holds)
		end_parameter(walk, condition);
	text->holds = walk->holds;
	return 0;
}

/* --- all of a match's --- */

/* For bpf_loop(): 1 ends it, at the first condition that does not hold. */
static long check_condition(__u32 number, struct condition_loop *loop)
{
	struct request_text *text = loop->text;
	struct route_key key = {
		.edition = text->edition,
		.number = text->match.number,
		.part = number,
	};
	struct condition_loop inner = {.text = text};

	text->holds = false;
	inner.condition = bpf_map_lookup_elem(&route_conditions, &key);
	if (!inner.condition) {
		text->broken = true;
		return 1;
	}
	if (inner.condition->kind <= ROUTE_CONDITION_KIND_HEADER_PREFIX)
		bpf_loop(text->field_count, look_at_field, &inner, 0);
	else
		look_at_query(text, inner.condition);
	return !text->holds;
}

/* The method's bytes, as struct route_match has them; of one that no match names: 1. */
static __always_inline __u64 method_word(struct request_text *text)
{
	__u32 length = text->method.length;
	__u64 word = *(const __u64 *)head_at(text, text->method.at);

	if (!length || length >= 8)
		return 1;
	return word & ((1ULL << 8 * length) - 1);
}

/* Whether the first `count` conditions of text->match hold. */
SUBPROGRAM int do_conditions_hold(struct request_text *text, __u32 count)
{
	struct condition_loop loop = {.text = text};

	if (!text)
		return 0;
	text->holds = true;
	bpf_loop(count, check_condition, &loop, 0);
	return text->holds;
}

#endif
