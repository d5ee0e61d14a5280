// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * At a waypoint: what the client of an accepted connection asked for, from the option on its segments
 * (include/syn_option.h). Attached to the cgroups that waypoints run in, and nowhere else.
 *
 *   take_option                 has listeners keep SYNs; reads the option of what they accept
 *   keep_syns                   iterator over listeners that are older than these programs
 *   tell_original               getsockopt(SO_ORIGINAL_DST)
 *   show_sockname4/6            getsockname: not every proxy asks for the original destination
 *
 * A connection whose option is missing, unknown or from an address that is no node's keeps the waypoint's own address: a
 * proxy that chooses by it finds nothing there, and does not send it to a wrong service.
 */
#include "include/destination.h"
#include "include/mesh_counters.h"
#include "include/service_maps.h"
#include "include/steerings.h"
#include "include/syn_option.h"
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define SOL_IP		0
#define SOL_TCP		6
#define SOL_IPV6	41
#define TCP_SAVE_SYN	27
#define SO_ORIGINAL_DST 80 /* IP6T_SO_ORIGINAL_DST as well */
#define CGROUP_LEVELS	32

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct mesh_node);
	__type(value, __u32);
} mesh_nodes SEC(".maps");

/* Where waypoints run, for keep_syns: the cgroups that the other programs are attached to, by their ids. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u32);
} waypoint_cgroups SEC(".maps");

/* --- reading the option --- */

/* As a key of mesh_nodes. */
static __always_inline void read_peer(struct bpf_sock_ops *ctx, struct mesh_node *peer)
{
	__u32 *words = (__u32 *)peer->address, address = ctx->remote_ip4;

	barrier_var(
		address); /* or the compiler reads either through one pointer, which the verifier refuses */
	peer->prefix_bits = 128;
	if (ctx->family == AF_INET) {
		words[2] = bpf_htonl(0xffff);
		words[3] = address;
	} else {
		words[0] = ctx->remote_ip6[0];
		words[1] = ctx->remote_ip6[1];
		words[2] = ctx->remote_ip6[2];
		words[3] = ctx->remote_ip6[3];
	}
}

static __always_inline __u8 family_of(struct mesh_node *peer)
{
	__u32 *words = (__u32 *)peer->address;

	return !words[0] && !words[1] && words[2] == bpf_htonl(0xffff) ? ADDRESS_FAMILY_IPV4
								       : ADDRESS_FAMILY_IPV6;
}

/* From the SYN that the listener kept, else from the segment that completes the handshake. 0: there is none. */
static __always_inline __u32 read_option(struct bpf_sock_ops *ctx)
{
	struct syn_option option = syn_option_of(0);

	/* The kernel looks for kind, length of what to look for, and magic. */
	option.length = 4;
	if (bpf_load_hdr_opt(ctx, &option, sizeof(option), BPF_LOAD_HDR_OPT_TCP_SYN) == sizeof(option))
		return bpf_ntohl(option.vip_id);
	option = syn_option_of(0);
	option.length = 4;
	if (bpf_load_hdr_opt(ctx, &option, sizeof(option), 0) == sizeof(option))
		return bpf_ntohl(option.vip_id);
	return 0;
}

static __always_inline void remember(struct bpf_sock *socket, struct service_key *asked, __u32 vip_id)
{
	struct steering *steering = bpf_sk_storage_get(&steerings, socket, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	struct service *service = bpf_map_lookup_elem(&services, asked);

	if (!steering) {
		count_mesh_error(HELPER_SITE_STEERING_CREATE, -ENOMEM);
		MESH_COUNT(failed);
		return;
	}
	__builtin_memcpy(steering->original_address, asked->address, sizeof(asked->address));
	steering->original_port = asked->port;
	steering->family = asked->family;
	steering->engine = ENGINE_DUAL_ENGINE;
	steering->service_id = service ? service->service_id : 0;
	steering->vip_id = vip_id;
	steering->flags = STEERING_FLAG_ACCEPTED;
	steering->transport = WAYPOINT_TRANSPORT_SYN_OPTION;
	MESH_COUNT(option_taken);
}

static __always_inline void accepted(struct bpf_sock_ops *ctx, struct bpf_sock *socket)
{
	__u32 vip_id = read_option(ctx);
	struct mesh_node peer = {};
	struct service_key *asked;
	bool trusted;

	read_peer(ctx, &peer);
	trusted = bpf_map_lookup_elem(&mesh_nodes, &peer);
	if (!vip_id) {
		if (trusted)
			MESH_COUNT(option_lost);
		return;
	}
	if (!trusted) {
		MESH_COUNT(option_untrusted);
		return;
	}
	asked = bpf_map_lookup_elem(&vips, &vip_id);
	if (!asked || asked->family != family_of(&peer))
		MESH_COUNT(option_unknown);
	else
		remember(socket, asked, vip_id);
}

SEC("sockops")
int take_option(struct bpf_sock_ops *ctx)
{
	struct bpf_sock *socket = ctx->sk;
	int on = 1;
	long error;

	if (ctx->op == BPF_SOCK_OPS_TCP_LISTEN_CB) {
		error = bpf_setsockopt(ctx, SOL_TCP, TCP_SAVE_SYN, &on, sizeof(on));
		if (error)
			count_mesh_error(HELPER_SITE_SAVE_SYN, error);
	} else if (ctx->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB && socket && !STEERING_OF(socket)) {
		accepted(ctx, socket);
	}
	return 1;
}

/* In a cgroup that waypoints run in, or below one. */
static __always_inline bool is_waypoint(struct sock *sk)
{
	struct cgroup *cgroup = sk->sk_cgrp_data.cgroup, *ancestor;
	__u64 cgroup_id;

	for (int level = 0; level < CGROUP_LEVELS; level++) {
		if (!cgroup || level > BPF_CORE_READ(cgroup, level))
			return false;
		ancestor = NULL;
		bpf_probe_read_kernel(&ancestor, sizeof(ancestor),
				      (void *)__builtin_preserve_access_index(&cgroup->ancestors) +
					      level * sizeof(ancestor));
		cgroup_id = BPF_CORE_READ(ancestor, kn, id);
		if (bpf_map_lookup_elem(&waypoint_cgroups, &cgroup_id))
			return true;
	}
	return false;
}

/* Run at start, once in each network namespace that waypoints listen in. */
SEC("iter/tcp")
int keep_syns(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common;
	struct tcp_sock *tcp;
	int on = 1;
	long error;

	if (!common || common->skc_state != TCP_LISTEN)
		return 0;
	tcp = bpf_skc_to_tcp_sock(common);
	if (!tcp || !is_waypoint(&tcp->inet_conn.icsk_inet.sk))
		return 0;
	error = bpf_setsockopt(tcp, SOL_TCP, TCP_SAVE_SYN, &on, sizeof(on));
	if (error)
		count_mesh_error(HELPER_SITE_SAVE_SYN, error);
	return 0;
}

/* --- what the proxy sees --- */

/* What the client of an accepted connection asked for; NULL when that is not known. */
#define ASKED_OF(socket)                                                                         \
	({                                                                                       \
		struct steering *found = STEERING_OF(socket);                                    \
		found && found->flags &STEERING_FLAG_ACCEPTED ? found : (struct steering *)NULL; \
	})

static __always_inline int show_sockname(struct bpf_sock_addr *ctx, bool v6)
{
	struct steering *asked = ASKED_OF(ctx->sk);

	if (asked)
		write_destination(ctx, v6, asked->original_address, asked->original_port);
	return 1;
}

SEC("cgroup/getsockname4")
int show_sockname4(struct bpf_sock_addr *ctx)
{
	return show_sockname(ctx, false);
}

SEC("cgroup/getsockname6")
int show_sockname6(struct bpf_sock_addr *ctx)
{
	return show_sockname(ctx, true);
}

/* struct sockaddr_in and struct sockaddr_in6 as the kernel hands them out. */
struct original4 {
	__u16 family;
	__be16 port;
	__u32 address;
	__u8 zero[8];
};

struct original6 {
	__u16 family;
	__be16 port;
	__be32 flow;
	__u32 address[4];
	__u32 scope;
};

SEC("cgroup/getsockopt")
int tell_original(struct bpf_sockopt *ctx)
{
	void *value = ctx->optval, *end = ctx->optval_end;
	struct steering *asked;
	__u32 *words;

	if (ctx->optname != SO_ORIGINAL_DST || (ctx->level != SOL_IP && ctx->level != SOL_IPV6) || !ctx->sk)
		return 1;
	asked = ASKED_OF(ctx->sk);
	if (!asked)
		return 1;
	words = (__u32 *)asked->original_address;
	if (ctx->level == SOL_IP && asked->family == ADDRESS_FAMILY_IPV4) {
		struct original4 *original = value;

		if ((void *)(original + 1) > end)
			return 1;
		__builtin_memset(original, 0, sizeof(*original));
		original->family = AF_INET;
		original->port = bpf_htons(asked->original_port);
		original->address = words[0];
		ctx->optlen = sizeof(*original);
		ctx->retval = 0;
	} else if (ctx->level == SOL_IPV6 && asked->family == ADDRESS_FAMILY_IPV6) {
		struct original6 *original = value;

		if ((void *)(original + 1) > end)
			return 1;
		__builtin_memset(original, 0, sizeof(*original));
		original->family = AF_INET6;
		original->port = bpf_htons(asked->original_port);
		original->address[0] = words[0];
		original->address[1] = words[1];
		original->address[2] = words[2];
		original->address[3] = words[3];
		ctx->optlen = sizeof(*original);
		ctx->retval = 0;
	}
	return 1;
}
