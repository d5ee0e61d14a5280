/* SPDX-License-Identifier: GPL-2.0-only */
/* What programs of cgroup/connect4 and connect6 may ask for. They run with the socket's lock held. */
#ifndef UNDERMESH_HOOK_H
#define UNDERMESH_HOOK_H

#include "deferral.h"

/* Has the connection deferred that is about to be made, or says why not. */
int hook_defer(struct sock *sk, const union address *asked, const struct deferral_terms *terms);

/* Of hook_kfunc.c, or of hook_congestion.c on kernels before v6.9. */
int hook_init(void);
void hook_exit(void);

#endif
