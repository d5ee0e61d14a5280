/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The client's side of the SYN option. It is on every segment until the waypoint is known to have made a connection of
 * them: one that answers with SYN cookies has forgotten the SYN, and reads the segment that brings its cookie back.
 */
#ifndef UNDERMESH_OPTION_SENDER_H
#define UNDERMESH_OPTION_SENDER_H

#include "mesh_counters.h"
#include "steerings.h"
#include "syn_option.h"

static __always_inline bool sends_option(struct steering *steering)
{
	return steering->transport == WAYPOINT_TRANSPORT_SYN_OPTION && steering->vip_id;
}

/* The waypoint has answered: bytes_acked counts the SYN. */
static __always_inline bool is_taken(struct tcp_sock *tcp)
{
	return tcp->bytes_received || tcp->bytes_acked > 1;
}

/* Makes room in a segment that is about to be made; the last time, has the kernel ask no more. */
static __always_inline void reserve_option(struct bpf_sock_ops *ctx, struct steering *steering,
					   struct tcp_sock *tcp)
{
	long error;

	if (!(steering->flags & STEERING_FLAG_OPTION))
		return;
	if (is_taken(tcp)) {
		steering->flags &= ~STEERING_FLAG_OPTION;
		bpf_sock_ops_cb_flags_set(ctx,
					  ctx->bpf_sock_ops_cb_flags & ~BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG);
		return;
	}
	error = bpf_reserve_hdr_opt(ctx, sizeof(struct syn_option), 0);
	if (error)
		count_mesh_error(HELPER_SITE_WRITE_OPTION, error);
}

static __always_inline void write_option(struct bpf_sock_ops *ctx, struct steering *steering)
{
	struct syn_option option = syn_option_of(steering->vip_id);

	/* Without room there is nothing to write into: counted when it was asked for. */
	if (steering->flags & STEERING_FLAG_OPTION)
		bpf_store_hdr_opt(ctx, &option, sizeof(option), 0);
}

#endif
