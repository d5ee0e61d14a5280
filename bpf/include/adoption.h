/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A connection that no hook met when it opened: what can still be said of it. Which side it is and where its sequences began
 * is told from counters that TCP keeps.
 */
#ifndef UNDERMESH_ADOPTION_H
#define UNDERMESH_ADOPTION_H

#include "identity.h"
#include "record.h"

static __always_inline bool was_established(int state)
{
	return state == TCP_ESTABLISHED || state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 ||
	       state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK || state == TCP_CLOSING;
}

/* As if it opened now, at the source; its first look tells. */
static __always_inline void adopt(struct connection_state *state, struct tcp_sock *tcp, bool established)
{
	state->opened_ns = bpf_ktime_get_boot_ns();
	state->flags = RECORD_FLAG_ADOPTED | (established ? RECORD_FLAG_ESTABLISHED : 0);
	state->reporter = REPORTER_SOURCE;
	note_cgroup(state, sock_of(tcp));
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

#endif
