/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The record of an end: how the connection was closed or why it failed, told once, whichever hook sees it first. */
#ifndef UNDERMESH_ENDING_H
#define UNDERMESH_ENDING_H

#include "adoption.h"
#include "http_record.h"

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

#endif
