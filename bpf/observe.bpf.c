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
 * flag of that callback is all that these programs ever set on a socket.
 */
#include "include/identity.h"
#include "include/http_record.h"

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

/* --- the record of an end --- */

/* Of an established connection; the old state says who closed first when no error does. */
static __always_inline __u8 close_reason(int old_state, int error)
{
	switch (error) {
	case 0:
		break;
	case ETIMEDOUT:
		return CLOSE_REASON_TIMED_OUT;
	case ECONNABORTED:
		return CLOSE_REASON_KILLED;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
		return CLOSE_REASON_UNREACHABLE;
	default: /* ECONNRESET, EPIPE after the peer's FIN */
		return CLOSE_REASON_PEER_RESET;
	}
	if (old_state == TCP_LAST_ACK)
		return CLOSE_REASON_PEER_FIN;
	if (old_state == TCP_ESTABLISHED || old_state == TCP_CLOSE_WAIT || old_state == TCP_SYN_RECV)
		return CLOSE_REASON_LOCAL_RESET;
	return CLOSE_REASON_LOCAL_FIN;
}

static __always_inline __u8 failure_reason(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return CLOSE_REASON_REFUSED;
	case ETIMEDOUT:
		return CLOSE_REASON_CONNECT_TIMED_OUT;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
		return CLOSE_REASON_CONNECT_UNREACHABLE;
	default:
		return CLOSE_REASON_CONNECT_ABORTED;
	}
}

static __always_inline bool was_established(int state)
{
	return state == TCP_ESTABLISHED || state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 ||
	       state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK || state == TCP_CLOSING;
}

/*
 * Which side of an older connection this is. The SYN of the side that connected is counted in bytes_acked, that of the
 * side that accepted is not: what is left of the sequence space after payload and FIN is one byte or none.
 */
static __always_inline bool tell_reporter(struct tcp_sock *tcp, struct connection_state *state, int tcp_state)
{
	bool closing = tcp_state == TCP_FIN_WAIT1 || tcp_state == TCP_FIN_WAIT2 || tcp_state == TCP_CLOSING ||
		       tcp_state == TCP_LAST_ACK;
	__u32 counted = (__u32)tcp->bytes_acked + (tcp->snd_nxt - tcp->snd_una);
	__u32 fin = closing && tcp->snd_nxt == tcp->write_seq;
	__u32 left = counted - (__u32)payload_sent(tcp) - fin;

	state->reporter = left == 1 ? REPORTER_SOURCE : REPORTER_DESTINATION;
	return left <= 1;
}

static __always_inline void guess_reporter(struct tcp_sock *tcp, struct connection_state *state)
{
	struct inet_sock *inet = &tcp->inet_conn.icsk_inet;

	state->flags |= RECORD_FLAG_REPORTER_GUESSED;
	state->reporter = bpf_ntohs(inet->inet_sport) < bpf_ntohs(inet->sk.__sk_common.skc_dport)
				  ? REPORTER_DESTINATION
				  : REPORTER_SOURCE;
}

/* What can be said of a connection that no hook has met, under its lock. */
static __always_inline void identify(struct connection_state *state, struct tcp_sock *tcp, int tcp_state)
{
	if (!tell_reporter(tcp, state, tcp_state))
		guess_reporter(tcp, state);
	initial_sequences(tcp, state);
}

static __always_inline void adopt(struct connection_state *state, struct tcp_sock *tcp, bool established)
{
	state->opened_ns = bpf_ktime_get_boot_ns();
	state->flags = RECORD_FLAG_ADOPTED | (established ? RECORD_FLAG_ESTABLISHED : 0);
	state->reporter = REPORTER_SOURCE;
	note_cgroup(state, sock_of(tcp));
}

static __always_inline void emit_end(struct tcp_sock *tcp, struct connection_state *state, int old_state,
				     __u64 cookie)
{
	bool failed = !(state->flags & RECORD_FLAG_ESTABLISHED);
	int error = sock_of(tcp)->sk_err;
	struct connection_record *record;

	/* Taken up while it ran, and over before its first look. */
	if (!failed && !state->client_isn)
		identify(state, tcp, old_state);
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		COUNT(ends_lost_ring_full);
		count_helper_error(HELPER_SITE_RING_RESERVE, -ENOSPC);
		return;
	}
	write_record(record, tcp, state);
	record->socket_cookie = cookie;
	record->event = failed ? RECORD_EVENT_FAILED : RECORD_EVENT_CLOSED;
	record->reason = failed ? failure_reason(error) : close_reason(old_state, error);
	record->flags = record_flags(state);
	/* Without a wake-up: the agent looks by itself, and a wake-up per record would cost more than the
	 * record. */
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	COUNT(ends_emitted);
}

/* The end of a connection that was met before; whichever hook comes first makes its record, the other finds it closed. */
static __always_inline void close_connection(struct tcp_sock *tcp, struct connection_state *state,
					     struct http_exchange *exchange, int old_state, __u64 cookie)
{
	__u32 phase = __sync_lock_test_and_set(&state->phase, PHASE_CLOSED);

	if (phase == PHASE_ANNOUNCED)
		state->flags |= RECORD_FLAG_ANNOUNCED;
	/* Else: a child that inherited its listener's state and was never established; a connect without a SYN. */
	if (phase != PHASE_CONNECTING && phase != PHASE_OPEN && phase != PHASE_ANNOUNCED)
		return;
	if (exchange)
		emit_last_samples(tcp, state, exchange, cookie);
	emit_end(tcp, state, old_state, cookie);
}

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

/* --- iterators: what is open, who listens, what is older
 * ---------------------------------------------------- */

/*
 * The same of a connection that was taken up while it runs, without its lock: taken only when two readings agree and
 * make sense; else the next look tries again.
 */
static __always_inline bool identify_running(struct connection_state *state, struct tcp_sock *tcp)
{
	int tcp_state = sock_of(tcp)->__sk_common.skc_state;
	struct connection_state first = {};

	if (!tell_reporter(tcp, &first, tcp_state))
		return false;
	initial_sequences(tcp, &first);
	barrier();
	if (!tell_reporter(tcp, state, tcp_state) || state->reporter != first.reporter)
		return false;
	initial_sequences(tcp, state);
	if (first.client_isn == state->client_isn && first.server_isn == state->server_isn)
		return true;
	state->client_isn = 0;
	return false;
}

/* Reports a connection that is new to user space (OPENED), or was active since its last record (PROGRESS). */
static __always_inline void report_open(struct tcp_sock *tcp, struct connection_state *state,
					struct observe_control *settings, __u64 now)
{
	__u64 bytes = payload_sent(tcp) + payload_received(tcp);
	__u32 phase = state->phase, generation = 0;
	struct connection_record *record;
	bool opened, again;

	if (settings)
		generation = settings->announce_generation;
	again = phase == PHASE_ANNOUNCED && state->announce_generation != generation;
	opened = phase == PHASE_OPEN || again;
	if (!opened && (bytes == state->reported_bytes ||
			now - state->reported_ns < (__u64)config.progress_interval_ms * 1000000))
		return;
	if (!state->client_isn && !identify_running(state, tcp))
		return;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		COUNT(deferred);
		return;
	}
	/* From here on a close on another CPU knows that this connection was announced, and says so in its
	 * record. */
	if (phase == PHASE_OPEN &&
	    __sync_val_compare_and_swap(&state->phase, PHASE_OPEN, PHASE_ANNOUNCED) != PHASE_OPEN) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		return;
	}
	write_record(record, tcp, state);
	record->socket_cookie = bpf_get_socket_cookie(sock_of(tcp));
	record->event = opened ? RECORD_EVENT_OPENED : RECORD_EVENT_PROGRESS;
	record->reason = CLOSE_REASON_NONE;
	record->flags = record_flags(state) | RECORD_FLAG_ANNOUNCED;
	if (again)
		record->flags |= RECORD_FLAG_REANNOUNCED;
	if (sock_of(tcp)->__sk_common.skc_state != TCP_ESTABLISHED)
		record->flags |= RECORD_FLAG_HALF_CLOSED;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	state->announce_generation = generation;
	state->reported_ns = now;
	state->reported_bytes = bytes;
	if (opened)
		COUNT(opened_emitted);
	else
		COUNT(progress_emitted);
}

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
