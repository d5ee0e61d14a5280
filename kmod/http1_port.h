/* SPDX-License-Identifier: GPL-2.0-only */
/* What http1.c needs of the kernel, and what stands for it in BPF programs and in those that test it in user space. */
#ifndef UNDERMESH_HTTP1_PORT_H
#define UNDERMESH_HTTP1_PORT_H

#ifdef __KERNEL__

#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/types.h>

#elif defined(__bpf__)

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#else

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))

#endif

#endif
