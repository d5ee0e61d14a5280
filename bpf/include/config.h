/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an agent sets before it loads the observing object. */
#ifndef UNDERMESH_CONFIG_H
#define UNDERMESH_CONFIG_H

#include "abi.h"

/* One structure, so that its place in .rodata does not depend on the order of first use. */
const volatile struct observe_config config = {
	.owner = 1,
	.progress_interval_ms = 5000,
};

#endif
