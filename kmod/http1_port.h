/* SPDX-License-Identifier: GPL-2.0-only */
/* What http1.c needs of the kernel, and what stands for it in the programs that test it in user space. */
#ifndef UNDERMESH_HTTP1_PORT_H
#define UNDERMESH_HTTP1_PORT_H

#ifdef __KERNEL__

#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/types.h>

#else

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define min(a, b)	  ((a) < (b) ? (a) : (b))

#endif

#endif
