/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The address that an application gave or gets, in the context of the socket address hooks. */
#ifndef UNDERMESH_DESTINATION_H
#define UNDERMESH_DESTINATION_H

#include "abi.h"
#include "kernel.h"
#include <bpf/bpf_endian.h>

/* An IPv6 socket that speaks IPv4. */
static __always_inline bool is_mapped(struct bpf_sock_addr *ctx)
{
	return !ctx->user_ip6[0] && !ctx->user_ip6[1] && ctx->user_ip6[2] == bpf_htonl(0xffff);
}

/* As a service's address; `v6` at the hooks of IPv6. False for sockets that no service is for. */
static __always_inline bool read_destination(struct bpf_sock_addr *ctx, bool v6, struct service_key *key)
{
	__u32 *words = (__u32 *)key->address;

	if (ctx->type == SOCK_STREAM && ctx->protocol == IPPROTO_TCP)
		key->protocol = IPPROTO_TCP;
	else if (ctx->type == SOCK_DGRAM && ctx->protocol == IPPROTO_UDP)
		key->protocol = IPPROTO_UDP;
	else
		return false;
	key->port = bpf_ntohs(ctx->user_port);
	key->family = ADDRESS_FAMILY_IPV4;
	if (!v6) {
		words[0] = ctx->user_ip4;
	} else if (is_mapped(ctx)) {
		words[0] = ctx->user_ip6[3];
	} else {
		key->family = ADDRESS_FAMILY_IPV6;
		words[0] = ctx->user_ip6[0];
		words[1] = ctx->user_ip6[1];
		words[2] = ctx->user_ip6[2];
		words[3] = ctx->user_ip6[3];
	}
	return true;
}

/* Puts another address of the same family in its place. */
static __always_inline void write_destination(struct bpf_sock_addr *ctx, bool v6, const __u8 *address,
					      __u16 port)
{
	const __u32 *words = (const __u32 *)address;

	ctx->user_port = bpf_htons(port);
	if (!v6) {
		ctx->user_ip4 = words[0];
	} else if (is_mapped(ctx)) {
		ctx->user_ip6[3] = words[0];
	} else {
		ctx->user_ip6[0] = words[0];
		ctx->user_ip6[1] = words[1];
		ctx->user_ip6[2] = words[2];
		ctx->user_ip6[3] = words[3];
	}
}

/* To where nobody can listen, port 0 of the loopback: a connect there is refused. */
static __always_inline void write_nowhere(struct bpf_sock_addr *ctx, bool v6)
{
	const __u32 v4_loopback[4] = {bpf_htonl(0x7f000001)}, v6_loopback[4] = {0, 0, 0, bpf_htonl(1)};

	write_destination(ctx, v6, (const __u8 *)(v6 && !is_mapped(ctx) ? v6_loopback : v4_loopback), 0);
}

#endif
