// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Steers what enrolled workloads connect to: from the virtual address of a service to one of its endpoints or to its
 * waypoint, at connect() and at the datagram.
 *
 *   steer_connect4/6, steer_sendmsg4/6   look which engine is in force and go to its program
 *   dual_connect4/6, dual_sendmsg4/6     the programs of this engine
 *   show_peername4/6, show_sender4/6     have the application see the service it asked for
 *   follow_sockops, follow_close         count what is open, set aside what refuses, tell the waypoint what was asked for
 *
 * A virtual address is never let through: where anything is missing that it takes to steer, the connect is refused, and
 * its record made at once: no SYN is sent that observe.bpf.c would see. All
 * that follows in a socket's life goes by its own steering, whatever the engine is by then. A close has two hooks as
 * in observe.bpf.c, for the same reasons: docs/decisions/0002-close-hook.md.
 */
#include "include/option_sender.h"
#include "include/route_choice.h"
#include "include/steer.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct engine_config config = {.owner = 1};

/* --- which engine --- */

/* The engine has no program here: then at least nothing may go to a virtual address, which fills `asked`. */
static __always_inline struct service *leaking(struct bpf_sock_addr *ctx, bool v6, __u32 engine,
					       struct service_key *asked)
{
	if (engine == ENGINE_OFF || !read_destination(ctx, v6, asked))
		return NULL;
	return bpf_map_lookup_elem(&services, asked);
}

static __always_inline int dispatch_connect(struct bpf_sock_addr *ctx, void *programs, bool v6)
{
	struct engine_state state = engine_in_force();
	struct service_key asked = {};
	struct service *service;

	if (OWNED_BY_ANOTHER(ctx->sk, config, count_mesh_error))
		return 1;
	bpf_tail_call(ctx, programs, state.engine);
	service = leaking(ctx, v6, state.engine, &asked);
	if (service)
		return refuse_for_lack(ctx, &asked, service);
	if (state.engine == ENGINE_OFF)
		MESH_COUNT(passed_off);
	return pass(ctx, v6);
}

static __always_inline int dispatch_sendmsg(struct bpf_sock_addr *ctx, void *programs, bool v6)
{
	struct engine_state state = engine_in_force();
	struct service_key asked = {};
	struct service *service;

	if (OWNED_BY_ANOTHER(ctx->sk, config, count_mesh_error))
		return 1;
	bpf_tail_call(ctx, programs, state.engine);
	service = leaking(ctx, v6, state.engine, &asked);
	return service ? refuse_for_lack(ctx, &asked, service) : 1;
}

SEC("cgroup/connect4")
int steer_connect4(struct bpf_sock_addr *ctx)
{
	return dispatch_connect(ctx, &connect4_programs, false);
}

SEC("cgroup/connect6")
int steer_connect6(struct bpf_sock_addr *ctx)
{
	return dispatch_connect(ctx, &connect6_programs, true);
}

SEC("cgroup/sendmsg4")
int steer_sendmsg4(struct bpf_sock_addr *ctx)
{
	return dispatch_sendmsg(ctx, &sendmsg4_programs, false);
}

SEC("cgroup/sendmsg6")
int steer_sendmsg6(struct bpf_sock_addr *ctx)
{
	return dispatch_sendmsg(ctx, &sendmsg6_programs, true);
}

/* --- connect() --- */

static __always_inline int dual_connect(struct bpf_sock_addr *ctx, bool v6, struct service *service,
					struct service_key *asked)
{
	return steer(ctx, v6, service, asked, ENGINE_DUAL_ENGINE);
}

SEC("cgroup/connect4")
int dual_connect4(struct bpf_sock_addr *ctx)
{
	return connect_by(ctx, false, dual_connect);
}

SEC("cgroup/connect6")
int dual_connect6(struct bpf_sock_addr *ctx)
{
	return connect_by(ctx, true, dual_connect);
}

/* --- datagrams of sockets that are not connected --- */

static __always_inline bool is_same_service(const struct service_key *one, const struct service_key *other)
{
	const __u32 *a = (const __u32 *)one, *b = (const __u32 *)other;

	_Static_assert(sizeof(*one) == 5 * sizeof(*a), "five words");
	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3] && a[4] == b[4];
}

static __always_inline bool remember_datagram(struct search *search, struct datagram_key *key)
{
	struct datagram_key reply = {.socket_cookie = key->socket_cookie};
	struct service_key *known;
	long error;

	__builtin_memcpy(reply.peer.address, search->endpoint.address, sizeof(reply.peer.address));
	reply.peer.port = search->endpoint.port;
	reply.peer.family = search->endpoint.family;
	reply.peer.protocol = IPPROTO_UDP;
	known = bpf_map_lookup_elem(&datagrams, &reply);
	if (known && is_same_service(known, &key->peer))
		return true;
	error = bpf_map_update_elem(&datagrams, &reply, &key->peer, BPF_ANY);
	if (!error)
		error = bpf_map_update_elem(&datagram_endpoints, key, &search->endpoint_id, BPF_ANY);
	if (error)
		count_mesh_error(HELPER_SITE_DATAGRAM, error);
	return !error;
}

static __always_inline int dual_sendmsg(struct bpf_sock_addr *ctx, bool v6)
{
	struct datagram_key key = {};
	struct service *service;
	struct search search;
	__u32 *known;

	if (!read_destination(ctx, v6, &key.peer))
		return 1;
	service = bpf_map_lookup_elem(&services, &key.peer);
	if (!service)
		return 1;
	key.socket_cookie = bpf_get_socket_cookie(ctx);
	begin_search(&search, service, key.peer.family);
	known = bpf_map_lookup_elem(&datagram_endpoints, &key);
	if (known)
		search.preferred_id = *known;
	if (!find_endpoint(&search))
		return refuse_unfound(ctx, &search, &key.peer, service);
	if (!remember_datagram(&search, &key))
		return refuse_for_lack(ctx, &key.peer, service);
	write_destination(ctx, v6, search.endpoint.address, search.endpoint.port);
	MESH_COUNT(datagrams_steered);
	return 1;
}

SEC("cgroup/sendmsg4")
int dual_sendmsg4(struct bpf_sock_addr *ctx)
{
	return dual_sendmsg(ctx, false);
}

SEC("cgroup/sendmsg6")
int dual_sendmsg6(struct bpf_sock_addr *ctx)
{
	return dual_sendmsg(ctx, true);
}

/* --- what the application sees --- */

static __always_inline int show_peer(struct bpf_sock_addr *ctx, bool v6)
{
	struct steering *steering = STEERING_OF(ctx->sk);

	if (steering && !(steering->flags & STEERING_FLAG_ACCEPTED))
		write_destination(ctx, v6, steering->original_address, steering->original_port);
	return 1;
}

SEC("cgroup/getpeername4")
int show_peername4(struct bpf_sock_addr *ctx)
{
	return show_peer(ctx, false);
}

SEC("cgroup/getpeername6")
int show_peername6(struct bpf_sock_addr *ctx)
{
	return show_peer(ctx, true);
}

static __always_inline int show_sender(struct bpf_sock_addr *ctx, bool v6)
{
	struct bpf_sock *socket = ctx->sk;
	struct datagram_key key = {};
	struct service_key *asked;

	if (socket->dst_port) /* connected: it hears nobody else */
		return show_peer(ctx, v6);
	if (!read_destination(ctx, v6, &key.peer))
		return 1;
	key.socket_cookie = bpf_get_socket_cookie(ctx);
	asked = bpf_map_lookup_elem(&datagrams, &key);
	if (asked)
		write_destination(ctx, v6, asked->address, asked->port);
	return 1;
}

SEC("cgroup/recvmsg4")
int show_sender4(struct bpf_sock_addr *ctx)
{
	return show_sender(ctx, false);
}

SEC("cgroup/recvmsg6")
int show_sender6(struct bpf_sock_addr *ctx)
{
	return show_sender(ctx, true);
}

/* --- the life of steered connections --- */

/* A deferred connection, now that it connects: to the endpoint that its request chose, which may be another each time. */
static __always_inline void take_choice(struct bpf_sock_ops *ctx, struct steering *steering)
{
	__u64 cookie = bpf_get_socket_cookie(ctx);
	struct route_choice *choice = bpf_map_lookup_elem(&choices, &cookie);

	if (choice)
		steering->endpoint_id = choice->endpoint_id;
}

/* Has the kernel call for what this socket needs. Flags are shared with other programs: only ever added to. */
static __always_inline void ask_for_callbacks(struct bpf_sock_ops *ctx, struct steering *steering)
{
	__u32 wanted = BPF_SOCK_OPS_STATE_CB_FLAG;
	long refused;

	if (sends_option(steering)) {
		wanted |= BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG;
		steering->flags |= STEERING_FLAG_OPTION;
	}
	refused = bpf_sock_ops_cb_flags_set(ctx, ctx->bpf_sock_ops_cb_flags | wanted);
	if (refused)
		count_mesh_error(HELPER_SITE_STATE_FLAG, refused < 0 ? refused : -EINVAL);
}

static __always_inline bool follows(__u32 op)
{
	return op == BPF_SOCK_OPS_TCP_CONNECT_CB || op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB ||
	       op == BPF_SOCK_OPS_HDR_OPT_LEN_CB || op == BPF_SOCK_OPS_WRITE_HDR_OPT_CB;
}

SEC("sockops")
int follow_sockops(struct bpf_sock_ops *ctx)
{
	bool closes = ctx->op == BPF_SOCK_OPS_STATE_CB && ctx->args[1] == TCP_CLOSE;
	struct bpf_sock *socket = ctx->sk;
	struct steering *steering;
	struct tcp_sock *tcp;
	__u32 op = ctx->op;

	if (!socket || (!follows(op) && !closes))
		return 1;
	steering = STEERING_OF(socket);
	if (!steering || steering->flags & STEERING_FLAG_ACCEPTED)
		return 1;
	tcp = bpf_skc_to_tcp_sock(socket);
	if (!tcp)
		return 1;
	if (op == BPF_SOCK_OPS_TCP_CONNECT_CB) {
		if (steering->flags & STEERING_FLAG_ROUTED)
			take_choice(ctx, steering);
		count_connection(steering);
		ask_for_callbacks(ctx, steering);
	} else if (op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB) {
		note_success(steering);
	} else if (op == BPF_SOCK_OPS_HDR_OPT_LEN_CB) {
		reserve_option(ctx, steering, tcp);
	} else if (op == BPF_SOCK_OPS_WRITE_HDR_OPT_CB) {
		write_option(ctx, steering);
	} else {
		end_connection(steering, tcp, ctx->args[0]);
	}
	return 1;
}

SEC("tp_btf/inet_sock_set_state")
int follow_close(__u64 *ctx)
{
	struct sock *sk = (struct sock *)ctx[0];
	int old_state = (int)ctx[1], new_state = (int)ctx[2];
	struct steering *steering;
	struct tcp_sock *tcp;

	if (new_state != TCP_CLOSE || old_state == TCP_CLOSE || old_state == TCP_LISTEN)
		return 0;
	steering = STEERING_OF(sk);
	if (!steering)
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (tcp)
		end_connection(steering, tcp, old_state);
	return 0;
}
