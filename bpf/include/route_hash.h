/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two hashes of a text, byte by byte, in 32 bits each, so that user space computes them as fast. apps/agent has the same
 * (mesh/text-hash.ts). They find a text; only its bytes tell that it is the one.
 */
#ifndef UNDERMESH_ROUTE_HASH_H
#define UNDERMESH_ROUTE_HASH_H

#include "abi.h"
#include "kernel.h"

struct text_hash {
	__u32 one;
	__u32 other;
};

static __always_inline void begin_hash(struct text_hash *hash)
{
	hash->one = 0x811c9dc5;
	hash->other = 0x2f0b4c47;
}

static __always_inline void hash_byte(struct text_hash *hash, __u8 byte)
{
	hash->one = (hash->one ^ byte) * 0x01000193;
	hash->other = (hash->other ^ byte) * 0x5bd1e995;
	hash->other ^= hash->other >> 15;
}

#endif
