// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Measured, not offered (docs/decisions/0012): sockets of one cgroup that are connected to each other over IPv4 are
 * joined, so that what one sends lies in the other's queue at once. Nothing here slows a sender down, and splice() out of
 * a joined socket sees nothing: for programs that take turns and read with recv().
 *
 *   join       sockops: keeps both ends of each connection, by their own address and their peer's
 *   redirect   sk_msg on the map `joined`: hands what is sent to the other end
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AF_INET 2

/* One end, as that end has it. Ports in host byte order. */
struct end {
	__u32 own_address, peer_address;
	__u32 own_port, peer_port;
};

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 1024);
	__type(key, struct end);
	__type(value, __u32);
} joined SEC(".maps");

/* Messages, so that a measurement knows what it measured. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} redirected SEC(".maps");

SEC("sockops")
int join(struct bpf_sock_ops *ctx)
{
	struct end end;

	if (ctx->family != AF_INET ||
	    (ctx->op != BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB && ctx->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB))
		return 1;
	end.own_address = ctx->local_ip4;
	end.peer_address = ctx->remote_ip4;
	end.own_port = ctx->local_port;
	end.peer_port = __builtin_bswap32(ctx->remote_port);
	bpf_sock_hash_update(ctx, &joined, &end, BPF_NOEXIST);
	return 1;
}

SEC("sk_msg")
int redirect(struct sk_msg_md *ctx)
{
	struct end peer = {
		.own_address = ctx->remote_ip4,
		.peer_address = ctx->local_ip4,
		.own_port = __builtin_bswap32(ctx->remote_port),
		.peer_port = ctx->local_port,
	};
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&redirected, &zero);

	/* Without the other end in the map nothing is redirected, and the message goes by TCP. */
	if (bpf_msg_redirect_hash(ctx, &joined, &peer, BPF_F_INGRESS) == SK_PASS && count)
		++*count;
	return SK_PASS;
}
