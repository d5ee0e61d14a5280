/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the reader of heads share: where it is, and the word that it reads. */
#ifndef UNDERMESH_HTTP1_HEAD_H
#define UNDERMESH_HTTP1_HEAD_H

#include "http1.h"
#include "http1_bytes.h"

/* The longest word that is told from others: "transfer-encoding". A longer one is none of them. */
#define TOKEN_MAX 17

/* Those of the first line, and then those of fields. */
enum http1_head_state {
	METHOD,
	TARGET, /* its first byte */
	AUTHORITY,
	PATH,
	QUERY,
	REQUEST_VERSION,
	RESPONSE_VERSION,
	STATUS,
	AFTER_STATUS,
	PHRASE,
	FIRST_LINE_BREAK, /* CR was due, or read */
	LINE_BREAK,	  /* LF is due */
	LINE,		  /* the first byte of one */
	NAME,
	BEFORE_VALUE,
	VALUE,
	VALUE_BREAK,
	LAST_BREAK,
};

struct word {
	const char *text;
	u8 length;
	u8 id;
};

#define WORD(text, id)                     \
	{                                  \
		text, sizeof(text) - 1, id \
	}

static inline void refuse(struct http1_head *head, enum http1_reason reason)
{
	head->verdict = reason <= HTTP1_RAW ? HTTP1_FOREIGN : HTTP1_REFUSED;
	head->reason = reason;
}

/* What a byte that should have been something else is refused for; a line break has a reason of its own. */
static inline void refuse_byte(struct http1_head *head, u8 byte, enum http1_reason reason)
{
	refuse(head, byte == '\n' || byte == '\r' ? HTTP1_BARE_BREAK : reason);
}

static inline u32 end_of_run(const u8 *data, u32 length, u8 kind)
{
	u32 at = 0;

	while (at < length && http1_bytes[data[at]] & kind)
		at++;
	return at;
}

#define EVERY_BYTE(byte) ((u64)(byte)*0x0101010101010101ull)

/*
 * How many of eight bytes come before the first control character. From a byte that is less than what is taken from it
 * the highest bit is borrowed, and then perhaps from those behind it: what is said of the first one is true.
 */
static inline u32 bytes_before_control(const u8 *data)
{
	u64 word, less, none;

	memcpy(&word, data, sizeof(word));
	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		word = __builtin_bswap64(word);
	less = (word - EVERY_BYTE(0x20)) & ~word;
	word ^= EVERY_BYTE(0x7f);
	none = (word - EVERY_BYTE(1)) & ~word;
	less = (less | none) & EVERY_BYTE(0x80);
	return less ? (u32)__builtin_ctzll(less) / 8 : (u32)sizeof(word);
}

/* A run of HTTP1_VALUE_BYTE, most of what a head is made of: eight bytes at a time. A tab is one, and a control character. */
static inline u32 end_of_value(const u8 *data, u32 length)
{
	const u8 *at = data, *end = data + length;

	while (end - at >= (int)sizeof(u64)) {
		u32 plain = bytes_before_control(at);

		at += plain;
		if (plain == sizeof(u64))
			continue;
		if (*at != '\t')
			return at - data;
		at++;
	}
	return at - data + end_of_run(at, end - at, HTTP1_VALUE_BYTE);
}

static inline bool ends_line(const u8 *data, u32 length, u32 at)
{
	return length - at >= 2 && data[at] == '\r' && data[at + 1] == '\n';
}

/* Keeps the front of a word, and that it was too long when it was. */
static inline void add_to_token(struct http1_head *head, const u8 *data, u32 length)
{
	u32 fits = min_t(u32, length, TOKEN_MAX + 1 - head->token_length);

	memcpy(head->token + head->token_length, data, fits);
	head->token_length += fits;
}

static inline void enter(struct http1_head *head, enum http1_head_state state)
{
	head->state = state;
	head->token_length = 0;
}

/* Each reads at least a byte, or changes the state, or comes to a verdict; returns how many bytes it read. */
u32 http1_read_line(struct http1_head *head, const u8 *data, u32 length);
u32 http1_read_field(struct http1_head *head, const u8 *data, u32 length);

#endif
