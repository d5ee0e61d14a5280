/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which route a request was sent along, for whoever sees it pass on its way out. */
#ifndef UNDERMESH_ROUTE_OF_H
#define UNDERMESH_ROUTE_OF_H

#include "route_choice.h"
#include "steerings.h"

/* Whether an engine chooses a route for each request that this socket sends: so from its connect() on, or never. */
static __always_inline bool is_routed(struct bpf_sock *socket)
{
	struct steering *steering = STEERING_OF(socket);

	return steering && (steering->flags & STEERING_FLAG_ROUTED);
}

/* The number of the route that the present request of a routed socket takes; 0: none took it. */
static __always_inline __u32 route_of(struct __sk_buff *skb)
{
	__u64 cookie = bpf_get_socket_cookie(skb);
	struct route_choice *choice = bpf_map_lookup_elem(&choices, &cookie);

	return choice ? choice->route : 0;
}

#endif
