/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of a segment that is being read, with the front of a line that began in one before: how the bytes of a stream
 * are looked at, eight at a time.
 */
#ifndef UNDERMESH_HTTP_WINDOW_H
#define UNDERMESH_HTTP_WINDOW_H

#include "http_exchange.h"

/*
 * Has the verifier take an offset in the window for any: each turn of a loop then looks like the one before, and what
 * old kernels do not learn is of no matter. v6.8: "bpf: generalize reg_set_min_max() to handle non-const register
 * comparisons"; before, the verifier took nothing from one offset compared to another.
 */
#ifdef __bpf__
#define HTTP_FORGET_BOUNDS(at) __asm__ volatile("%0 &= 511" : "+r"(at))
#else
#define HTTP_FORGET_BOUNDS(at) ((at) &= 511)
#endif

/*
 * Eight bytes wherever they stand. BPF allows that in memory of a map where the machine does; told of the alignment,
 * clang would put them together from single bytes, which is most of what the verifier would have to walk through.
 */
#ifdef __bpf__
typedef __u64 http_unaligned __attribute__((may_alias));
#else
typedef __u64 http_unaligned __attribute__((aligned(1), may_alias));
#endif
#define HTTP_WORD_AT(address) (*(http_unaligned *)(address))

static __always_inline __u8 http_byte(const struct http_stream *stream, __u32 at)
{
	HTTP_FORGET_BOUNDS(at);
	return stream->window[at];
}

static __always_inline __u64 http_word(const struct http_stream *stream, __u32 at)
{
	HTTP_FORGET_BOUNDS(at);
	return HTTP_WORD_AT(stream->window + at);
}

/* `at` is a constant. */
static __always_inline void http_put_word(struct http_stream *stream, __u32 at, __u64 word)
{
	HTTP_WORD_AT(stream->window + at) = word;
}

/* Takes bytes of the segment as seen, up to `offset`. */
static __always_inline void http_pass(struct http_stream *stream, __u32 offset)
{
	stream->message_bytes += offset - stream->offset;
	stream->offset = offset;
}

/* What comes next begins at `at` in the window; what was read beyond is read again by whoever wants it. */
static __always_inline void http_leave_window(struct http_stream *stream, __u32 at)
{
	stream->origin += at;
	http_pass(stream, stream->origin);
	stream->line = 0;
	stream->scanned = 0;
	stream->filled = 0;
}

/* A length that is not 0, cut to a power of two, such that the verifier of every kernel sees both. */
static __always_inline __u32 http_at_most(__u32 length, __u32 most)
{
	if (length > most)
		length = most;
	__asm__ volatile("" : "+r"(length));
	return ((length - 1) & (most - 1)) + 1;
}

#define HTTP_TEXT(a, b, c, d, e, f, g, h)                                                        \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 | \
	 (__u64)(f) << 40 | (__u64)(g) << 48 | (__u64)(h) << 56)
/* Lower case of eight letters; '-' stays what it is. */
#define HTTP_LOWER 0x2020202020202020ULL

/* Marks the first byte of a word that is this character by its highest bit; bits above that mean nothing. */
static __always_inline __u64 http_bytes_of(__u64 word, __u8 character)
{
	word ^= 0x0101010101010101ULL * character;
	return (word - 0x0101010101010101ULL) & ~word & 0x8080808080808080ULL;
}

static __always_inline __u64 http_line_feeds(const struct http_stream *stream, __u32 at)
{
	return http_bytes_of(http_word(stream, at), '\n');
}

/* Which byte the lowest bit of those is in: it is 1 << (8 * n + 7); the product has n in its highest byte. */
static __always_inline __u32 http_lowest(__u64 found)
{
	return ((((found & -found) >> 7) * 0x0001020304050607ULL) >> 56) & 7;
}

/*
 * Finds the next line feed, eight bytes at a time: returns where it is in the window, or -1. `scanned` is then behind it,
 * or as far as was looked.
 */
static __always_inline int http_find_line_feed(struct http_stream *stream)
{
	__u32 filled = stream->filled, at = stream->scanned;
	int i;

	if (filled > HTTP_WINDOW_FILLED)
		return -1;
#pragma clang loop unroll(disable)
	for (i = 0; i < HTTP_WINDOW_LOOKS / 2; i++) {
		__u64 found;

		HTTP_FORGET_BOUNDS(at);
		if (at >= filled)
			break;
		found = http_line_feeds(stream, at);
		if (!found) {
			at += 8;
			continue;
		}
		at += http_lowest(found);
		if (at >= filled)
			break;
		stream->scanned = at + 1;
		return at;
	}
	stream->scanned = at < filled ? at : filled;
	return -1;
}

#endif
