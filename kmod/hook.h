/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNDERMESH_HOOK_H
#define UNDERMESH_HOOK_H

int hook_init(void);

#endif
