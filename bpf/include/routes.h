/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which route takes a request, by the Gateway API's precedence: in the service's own table, then in its waypoint's; there
 * by the host name (exact, then the longest suffix, then those for every host), then by path, method, headers and query.
 * Whatever is looked for by a hash leads to a list that is in order already; each entry names the one to try next.
 */
#ifndef UNDERMESH_ROUTES_H
#define UNDERMESH_ROUTES_H

#include "request_text.h"
#include "route_conditions.h"
#include "route_maps.h"
#include "route_path.h"
#include "subprogram.h"

/* --- the host --- */

struct host_loop {
	struct request_text *text;
	struct route_table *table;
};

/* The group of a name, or a suffix, of `length` bytes that ends the host. */
static __always_inline __u32 find_host(struct request_text *text, __u32 kind, __u32 length)
{
	struct host_walk *walk = &text->host_walk;
	struct route_text_key key = {
		.edition = text->edition,
		.hash = walk->hash.one,
		.other_hash = walk->hash.other,
		.kind = kind,
	};
	__u32 at = (walk->length - length) & (ROUTE_LIMIT_TEXT - 1);
	struct route_text *found = bpf_map_lookup_elem(&route_texts, &key);

	if (!found || found->length != length ||
	    !is_same_text(TEXT(found->text), TEXT(text->host_name + at), length))
		return 0;
	return found->leads_to;
}

/* For bpf_loop(): 1 ends it. From the host's end to its front. */
static long read_host(__u32 number, struct host_loop *loop)
{
	struct request_text *text = loop->text;
	struct host_walk *walk = &text->host_walk;
	__u32 at = (walk->length - 1 - number) & (ROUTE_LIMIT_TEXT - 1), group;
	__u8 byte = lower(*head_at(text, text->host.at + at));

	text->host_name[at] = byte;
	hash_byte(&walk->hash, byte);
	if (byte != '.' || !at || !has_length(loop->table->suffix_lengths, number + 1))
		return 0;
	group = find_host(text, ROUTE_TEXT_KIND_HOST_SUFFIX, number + 1);
	if (group)
		walk->longest = group;
	return 0;
}

/* What a route names is no address: the first colon begins the port. */
SUBPROGRAM int host_length(struct request_text *text)
{
	__u32 i, before = 8, length;
	const __u64 *words;

	if (!text)
		return 0;
	words = (const __u64 *)head_at(text, text->host.at);
	length = text->host.length;
	for (i = 0; i < ROUTE_LIMIT_TEXT / 8 && 8 * i < length; i++) {
		before = first_of_word(words[i], ':');
		if (before < 8)
			break;
	}
	return before < 8 && 8 * i + before < length ? 8 * i + before : length;
}

/* Leaves in text->group the group to begin with. */
SUBPROGRAM int find_by_host(struct request_text *text, struct route_table *table)
{
	struct host_loop loop = {.text = text, .table = table};
	struct host_walk *walk;
	__u32 group = 0;

	if (!text || !table)
		return 0;
	walk = &text->host_walk;
	text->group = table->group;
	__builtin_memset(walk, 0, sizeof(*walk));
	walk->length = host_length(text);
	if (!walk->length || walk->length >= ROUTE_LIMIT_TEXT)
		return 0;
	begin_hash(&walk->hash);
	bpf_loop(walk->length, read_host, &loop, 0);
	if (has_length(table->host_lengths, walk->length))
		group = find_host(text, ROUTE_TEXT_KIND_HOST, walk->length);
	if (group || walk->longest)
		text->group = group ?: walk->longest;
	return 0;
}

/* --- the matches --- */

struct match_loop {
	struct request_text *text;
};

/* On to the next group of matches: leaves in text->match its first one to try. False: there is no group left. */
static __always_inline bool enter_group(struct request_text *text)
{
	struct route_key key = {.edition = text->edition, .number = text->group};
	struct route_group *group;

	if (!key.number)
		return false;
	group = bpf_map_lookup_elem(&route_groups, &key);
	if (!group) {
		text->broken = true;
		return false;
	}
	text->group = group->next_group;
	find_by_path(text, group, key.number);
	return true;
}

static __always_inline bool is_match(struct request_text *text, struct route_match *match)
{
	if (match->method && match->method != text->method_word)
		return false;
	return !match->condition_count || do_conditions_hold(text, match->condition_count);
}

/* For bpf_loop(): 1 ends it. Tries one match, or enters a group. */
static long try_match(__u32 number, struct match_loop *loop)
{
	struct request_text *text = loop->text;
	struct route_key key = text->match; /* v6.2: before it a key does not lie in an argument's memory */
	struct route_match *match;

	if (!key.number)
		return !enter_group(text);
	match = bpf_map_lookup_elem(&route_matches, &key);
	if (!match) {
		text->broken = true;
		return 1;
	}
	if (!is_match(text, match)) {
		text->match.number = match->next;
		return text->broken != 0;
	}
	text->found = *match;
	return 1;
}

/* Asks one table; returns the one to ask next, or 0. */
static __always_inline __u32 ask_table(struct request_text *text, __u32 routes_id)
{
	struct match_loop loop = {.text = text};
	struct route_table *table = bpf_map_lookup_elem(&route_tables, &routes_id);

	if (!table) {
		text->broken = true;
		return 0;
	}
	text->edition = table->edition;
	text->match.edition = table->edition;
	text->match.number = 0;
	text->refuses |= table->refuses != 0;
	find_by_host(text, table);
	bpf_loop((ROUTE_LIMIT_HOSTS + 1) * (ROUTE_LIMIT_TRIES + 1), try_match, &loop, 0);
	return text->found.rule || text->broken ? 0 : table->next_id;
}

/*
 * Finds the match that takes a request, of table text->routes_id: text->found, whose rule is 0 when there is none. Returns 0,
 * or -EAGAIN when entries are missing: a table has been replaced meanwhile, or user space has not written it.
 */
SUBPROGRAM int match_request(struct request_text *text)
{
	__u32 next;

	if (!text)
		return -EAGAIN;
	__builtin_memset(&text->found, 0, sizeof(text->found));
	text->match.part = 0;
	text->broken = false;
	text->refuses = false;
	text->method_word = method_word(text);
	next = ask_table(text, text->routes_id);
	if (next)
		ask_table(text, next);
	return text->broken ? -EAGAIN : 0;
}

#endif
