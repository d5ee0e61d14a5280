/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The records of what is open: once when it is first looked at, then while it is active. */
#ifndef UNDERMESH_PROGRESS_H
#define UNDERMESH_PROGRESS_H

#include "adoption.h"

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

#endif
