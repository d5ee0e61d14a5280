// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Observes TCP connections: one exact record when a connection ends or fails, and what is open in between.
 *
 *   pre_connect, active and passive established, close       sockops on the agent's cgroup
 *   a close that sockops did not see                        tracepoint inet_sock_set_state
 *   what is open, once a look                               iterator over the sockets' storage
 *   what is older than the agent                            iterator over all open files, once at start
 *
 * Why close has two hooks, sockops' STATE_CB and the tracepoint behind it: docs/decisions/0002-close-hook.md. The
 * flag of that callback is all that these programs ever set on a socket. The record of an end is made in
 * include/ending.h, those of what is open in include/progress.h.
 */
#include "include/identity.h"
#include "include/http_record.h"
#include "include/adoption.h"
#include "include/ending.h"
#include "include/progress.h"
#include "include/route_choice.h" /* its map is shared with http.bpf.c and the engines */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define BELONGS_TO_ANOTHER(socket) OWNED_BY_ANOTHER(socket, config, count_helper_error)

#define CREATE_STATE_OF(socket)                                                                      \
	({                                                                                           \
		struct connection_state *created =                                                   \
			bpf_sk_storage_get(&connections, socket, NULL, BPF_SK_STORAGE_GET_F_CREATE); \
		if (!created) {                                                                      \
			COUNT(storage_failed);                                                       \
			count_helper_error(HELPER_SITE_STORAGE_CREATE, -ENOMEM);                     \
		}                                                                                    \
		created;                                                                             \
	})

/* Has the kernel tell of this socket's changes of state. Flags are shared with other programs: only ever added to. */
static __always_inline void watch_states(struct bpf_sock_ops *ctx)
{
	long refused =
		bpf_sock_ops_cb_flags_set(ctx, ctx->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_STATE_CB_FLAG);

	if (refused)
		count_helper_error(HELPER_SITE_STATE_FLAG, refused < 0 ? refused : -EINVAL);
}

/* --- sockops: who opens what --- */

static __always_inline void connecting(struct bpf_sock_ops *ctx, struct bpf_sock *socket,
				       struct tcp_sock *tcp)
{
	struct connection_state *state;

	if (BELONGS_TO_ANOTHER(socket)) {
		COUNT(skipped_other_agent);
		return;
	}
	state = CREATE_STATE_OF(socket);
	if (!state)
		return;
	/* A socket can connect again after a failure or a disconnect: start over. */
	__builtin_memset(state, 0, sizeof(*state));
	bpf_sk_storage_delete(&http_exchanges, socket);
	state->opened_ns = bpf_ktime_get_boot_ns();
	state->reporter = REPORTER_SOURCE;
	note_process(state, bpf_get_current_task_btf());
	note_cgroup(state, sock_of(tcp));
	bpf_get_socket_cookie(ctx);
	watch_states(ctx);
	state->phase = PHASE_CONNECTING;
	COUNT(connects);
}

static __always_inline void established_source(struct bpf_sock *socket, struct tcp_sock *tcp)
{
	struct connection_state *state = STATE_OF(socket);

	/* Without a state: another agent's, or a connect() older than this program. */
	if (!state || state->phase != PHASE_CONNECTING)
		return;
	state->connect_us = (bpf_ktime_get_boot_ns() - state->opened_ns) / 1000;
	state->flags |= RECORD_FLAG_ESTABLISHED;
	initial_sequences(tcp, state);
	state->phase = PHASE_OPEN;
	COUNT(established_source);
}

static __always_inline void established_destination(struct bpf_sock_ops *ctx, struct bpf_sock *socket,
						    struct tcp_sock *tcp)
{
	struct connection_state *state;

	if (BELONGS_TO_ANOTHER(socket)) {
		COUNT(skipped_other_agent);
		return;
	}
	/* Inherited from the listener, with its process; empty under a listener that nobody has seen. */
	state = CREATE_STATE_OF(socket);
	if (!state)
		return;
	state->opened_ns = bpf_ktime_get_boot_ns();
	state->reporter = REPORTER_DESTINATION;
	state->flags = RECORD_FLAG_ESTABLISHED;
	if (!state->cgroup_id)
		note_cgroup(state, sock_of(tcp));
	initial_sequences(tcp, state);
	bpf_get_socket_cookie(ctx);
	watch_states(ctx);
	state->phase = PHASE_OPEN;
	COUNT(established_destination);
}

static __always_inline void listening(struct bpf_sock_ops *ctx, struct bpf_sock *socket, struct tcp_sock *tcp)
{
	struct connection_state *state;

	if (BELONGS_TO_ANOTHER(socket))
		return;
	state = CREATE_STATE_OF(socket);
	if (!state)
		return;
	__builtin_memset(state, 0, sizeof(*state));
	state->opened_ns = bpf_ktime_get_boot_ns();
	note_process(state, bpf_get_current_task_btf());
	note_cgroup(state, sock_of(tcp));
	bpf_get_socket_cookie(ctx);
	state->phase = PHASE_LISTENING;
}

SEC("sockops")
int observe_sockops(struct bpf_sock_ops *ctx)
{
	bool closes = ctx->op == BPF_SOCK_OPS_STATE_CB && ctx->args[1] == TCP_CLOSE;
	struct bpf_sock *socket = ctx->sk;
	struct connection_state *state;
	struct tcp_sock *tcp;
	__u32 op = ctx->op;

	if (!socket ||
	    (op != BPF_SOCK_OPS_TCP_CONNECT_CB && op != BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB &&
	     op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB && op != BPF_SOCK_OPS_TCP_LISTEN_CB && !closes))
		return 1;
	tcp = bpf_skc_to_tcp_sock(socket);
	if (!tcp)
		return 1;
	if (op == BPF_SOCK_OPS_TCP_CONNECT_CB) {
		connecting(ctx, socket, tcp);
	} else if (op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB) {
		established_source(socket, tcp);
	} else if (op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB) {
		established_destination(ctx, socket, tcp);
	} else if (op == BPF_SOCK_OPS_TCP_LISTEN_CB) {
		listening(ctx, socket, tcp);
	} else {
		state = STATE_OF(socket);
		if (state)
			close_connection(tcp, state, EXCHANGE_OF(socket), ctx->args[0],
					 bpf_get_socket_cookie(ctx));
	}
	return 1;
}

/* --- tracepoint: what the callback missed: its flag was overwritten, or the connection is older --- */

SEC("tp_btf/inet_sock_set_state")
int observe_state(__u64 *ctx)
{
	struct sock *sk = (struct sock *)ctx[0];
	int old_state = (int)ctx[1], new_state = (int)ctx[2];
	struct connection_state *state, unseen = {};
	struct tcp_sock *tcp;

	if (new_state != TCP_CLOSE || old_state == TCP_CLOSE || old_state == TCP_LISTEN)
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp)
		return 0;
	state = STATE_OF(sk);
	if (state) {
		close_connection(tcp, state, EXCHANGE_OF(sk), old_state, bpf_get_socket_cookie(sk));
		return 0;
	}
	/* Never seen: older than the agent and held by no process, or there was no room for its storage. */
	if (!was_established(old_state) && !(old_state == TCP_SYN_SENT && tcp->segs_out))
		return 0;
	if (!in_scope(sk) || BELONGS_TO_ANOTHER(sk))
		return 0;
	adopt(&unseen, tcp, was_established(old_state));
	emit_end(tcp, &unseen, old_state, bpf_get_socket_cookie(sk));
	return 0;
}

/* --- iterators: what is open, who listens, what is older --- */

SEC("iter/bpf_sk_storage_map")
int look(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct connection_state *state = ctx->value;
	struct observe_control *settings;
	struct http_exchange *exchange;
	struct sock *sk = ctx->sk;
	struct tcp_sock *tcp;
	__u32 zero = 0;
	__u64 now;

	if (!sk || !state || (state->phase != PHASE_OPEN && state->phase != PHASE_ANNOUNCED))
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp || !was_established(sk->__sk_common.skc_state))
		return 0;
	now = bpf_ktime_get_boot_ns();
	settings = bpf_map_lookup_elem(&control, &zero);
	exchange = EXCHANGE_OF(sk);
	if (exchange)
		emit_waiting_samples(tcp, state, exchange,
				     settings && settings->hurry ? 0 : now - HTTP_WAIT_NS);
	report_open(tcp, state, settings, now);
	return 0;
}

SEC("iter/bpf_sk_storage_map")
int list_listeners(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct connection_state *state = ctx->value;
	struct listener_entry entry = {};
	struct sock *sk = ctx->sk;
	struct tcp_sock *tcp;

	if (!sk || !state || state->phase != PHASE_LISTENING || sk->__sk_common.skc_state != TCP_LISTEN)
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp)
		return 0;
	entry.socket_cookie = bpf_get_socket_cookie(sk);
	entry.cgroup_id = state->cgroup_id;
	entry.netns_cookie = sk->__sk_common.skc_net.net->net_cookie;
	entry.pid = state->pid;
	__builtin_memcpy(entry.process, state->process, sizeof(entry.process));
	entry.port = bpf_ntohs(tcp->inet_conn.icsk_inet.inet_sport);
	if (sk->__sk_common.skc_family == AF_INET) {
		entry.family = ADDRESS_FAMILY_IPV4;
		write_words(entry.address, sk->__sk_common.skc_rcv_saddr, 0, 0, 0);
	} else {
		struct in6_addr *address = &sk->__sk_common.skc_v6_rcv_saddr;

		entry.family = ADDRESS_FAMILY_IPV6;
		write_words(entry.address, address->in6_u.u6_addr32[0], address->in6_u.u6_addr32[1],
			    address->in6_u.u6_addr32[2], address->in6_u.u6_addr32[3]);
	}
	bpf_seq_write(ctx->meta->seq, &entry, sizeof(entry));
	return 0;
}

static __always_inline void adopt_socket(struct sock *sk, struct tcp_sock *tcp, struct task_struct *task)
{
	unsigned char tcp_state = sk->__sk_common.skc_state;
	struct connection_state *state;

	if (STATE_OF(sk) || BELONGS_TO_ANOTHER(sk))
		return;
	state = CREATE_STATE_OF(sk);
	if (!state)
		return;
	/* Its sequence numbers and its side are read at its first look. */
	adopt(state, tcp, was_established(tcp_state));
	note_process(state, task);
	bpf_get_socket_cookie(sk);
	if (tcp_state == TCP_LISTEN)
		state->phase = PHASE_LISTENING;
	else
		state->phase = tcp_state == TCP_SYN_SENT ? PHASE_CONNECTING : PHASE_OPEN;
}

/* Run once at start. */
SEC("iter/task_file")
int adopt_sockets(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	unsigned char tcp_state;
	struct socket *socket;
	struct tcp_sock *tcp;
	struct sock *sk;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	if (!sk || sk->sk_protocol != IPPROTO_TCP || sk->sk_type != SOCK_STREAM)
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp || !in_scope(sk))
		return 0;
	tcp_state = sk->__sk_common.skc_state;
	if (tcp_state == TCP_LISTEN || tcp_state == TCP_SYN_SENT || was_established(tcp_state))
		adopt_socket(sk, tcp, task);
	return 0;
}
