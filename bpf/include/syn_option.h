/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The TCP option by which a client's node tells a waypoint's what the client asked for. Eight bytes, so that they fit
 * beside a Fast Open cookie; an experimental kind with an identifier behind it, as RFC 6994 has them.
 */
#ifndef UNDERMESH_SYN_OPTION_H
#define UNDERMESH_SYN_OPTION_H

#include "abi.h"
#include <bpf/bpf_endian.h>

#define SYN_OPTION_KIND	 254
#define SYN_OPTION_MAGIC 0x554d

struct syn_option {
	__u8 kind;
	__u8 length;
	__be16 magic;
	__be32 vip_id;
};

static __always_inline struct syn_option syn_option_of(__u32 vip_id)
{
	struct syn_option option = {
		.kind = SYN_OPTION_KIND,
		.length = sizeof(option),
		.magic = bpf_htons(SYN_OPTION_MAGIC),
		.vip_id = bpf_htonl(vip_id),
	};

	return option;
}

#endif
