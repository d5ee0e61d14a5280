/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Bytes one by one, what they are by a table (each of a chain of comparisons would be a path of its own for the verifier), and
 * eight at a time.
 */
#ifndef UNDERMESH_BYTES_H
#define UNDERMESH_BYTES_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>

enum byte_kind {
	BYTE_DIGIT = 0x0f, /* its value as a hexadecimal digit, if it is one */
	BYTE_HEX = 0x10,   /* it is */
	BYTE_UPPER = 0x20, /* a capital; also the bit that its small letter has besides */
	BYTE_UNCLEAR =
		0x40, /* escaped, servers may read it differently: NUL, "/", "\" and what needs no escape */
};

#define KIND(byte, kind)   [byte] = (kind)
#define UNCLEAR(byte)	   KIND(byte, BYTE_UNCLEAR)
#define DIGIT(byte, value) KIND(byte, BYTE_HEX | BYTE_UNCLEAR | (value))
#define LETTER(byte, value) \
	DIGIT(byte, value), KIND((byte) & ~BYTE_UPPER, BYTE_HEX | BYTE_UNCLEAR | BYTE_UPPER | (value))

/* In a section of its own: .rodata begins with what user space sets. */
static const __u8 byte_kinds[256] SEC(".rodata.bytes") = {
	UNCLEAR(0),
	UNCLEAR('/'),
	UNCLEAR('\\'),
	UNCLEAR('-'),
	UNCLEAR('.'),
	UNCLEAR('_'),
	UNCLEAR('~'),
	DIGIT('0', 0),
	DIGIT('1', 1),
	DIGIT('2', 2),
	DIGIT('3', 3),
	DIGIT('4', 4),
	DIGIT('5', 5),
	DIGIT('6', 6),
	DIGIT('7', 7),
	DIGIT('8', 8),
	DIGIT('9', 9),
	LETTER('a', 10),
	LETTER('b', 11),
	LETTER('c', 12),
	LETTER('d', 13),
	LETTER('e', 14),
	LETTER('f', 15),
	UNCLEAR('g' ... 'z'),
	KIND('G' ... 'Z', BYTE_UNCLEAR | BYTE_UPPER),
};

static __always_inline bool is_hex(__u8 byte)
{
	return byte_kinds[byte] & BYTE_HEX;
}

static __always_inline __u8 hex_value(__u8 byte)
{
	return byte_kinds[byte] & BYTE_DIGIT;
}

static __always_inline __u8 lower(__u8 byte)
{
	return byte | (byte_kinds[byte] & BYTE_UPPER);
}

/* --- eight at a time --- */

#define EACH_BYTE(value) (0x0101010101010101ULL * (value))

static __always_inline __u64 lower_word(__u64 word)
{
	__u64 low = word & EACH_BYTE(0x7f);
	__u64 from_a = low + EACH_BYTE(0x80 - 'A'), behind_z = low + EACH_BYTE(0x80 - 'Z' - 1);

	return word | ((from_a & ~behind_z & ~word & EACH_BYTE(0x80)) >> 2);
}

/* The number of the first of them that is `wanted`, or 8. */
static __always_inline __u32 first_of_word(__u64 word, __u8 wanted)
{
	__u64 others = word ^ EACH_BYTE(wanted);
	__u64 zeros = (others - EACH_BYTE(1)) & ~others & EACH_BYTE(0x80); /* right up to the first one */

	return zeros ? ((zeros & -zeros) >> 7) * 0x0001020304050607ULL >> 56 : 8;
}

#endif
