/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counts of helpers that failed, by site and errno, in a hash of struct helper_error to __u64. */
#ifndef UNDERMESH_ERRORS_H
#define UNDERMESH_ERRORS_H

#include "abi.h"
#include "kernel.h"
#include <bpf/bpf_helpers.h>

static __always_inline void count_error(void *errors, __u32 site, __s32 error)
{
	struct helper_error key = {.site = site, .error = error};
	__u64 one = 1, *count;

	count = bpf_map_lookup_elem(errors, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(errors, &key, &one, BPF_ANY);
}

#endif
