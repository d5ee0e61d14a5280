/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every structure, enum and limit that crosses from the kernel to user space.
 *
 * packages/bpf-abi is generated from this file and its parts, abi_*.h, through the compiler's BTF (`npm run generate`);
 * nothing mirrors them by hand. Layouts only grow at their end; what else an ABI changed, packages/bpf-abi/src/earlier.ts makes good. No
 * implicit padding, bitfields, unions or pointers: the generator refuses them. Units stand in the names. Integers have
 * the byte order of the machine; addresses and nothing else are in network order; ports are in host order.
 */
#ifndef UNDERMESH_ABI_H
#define UNDERMESH_ABI_H

#include <linux/types.h>

#define UNDERMESH_ABI_VERSION 3

#ifdef __bpf__
#define UNIT(name) __attribute__((btf_decl_tag("unit:" name)))
#else
#define UNIT(name)
#endif

#include "abi_records.h"
#include "abi_observe.h"
#include "abi_mesh.h"
#include "abi_routes.h"

#endif
