/* SPDX-License-Identifier: GPL-2.0-only */
/* The BPF programs that say where requests go. */
#ifndef UNDERMESH_ROUTER_H
#define UNDERMESH_ROUTER_H

#include "gathering.h"

/* What the first router that is meant answers; -ENOENT without one. */
int router_ask(struct gathering *gathering);

/* Of router_struct_ops.c, or of router_classifier.c on kernels before v6.9. */
int router_init(void);
void router_exit(void);

#endif
