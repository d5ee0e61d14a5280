/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Functions that programs share. */
#ifndef UNDERMESH_SUBPROGRAM_H
#define UNDERMESH_SUBPROGRAM_H

/* Global, so that it is verified by itself; not a program. */
#define SUBPROGRAM __attribute__((noinline, btf_decl_tag("subprogram")))

#endif
