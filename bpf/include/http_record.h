/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the samples of a connection to http records. */
#ifndef UNDERMESH_HTTP_RECORD_H
#define UNDERMESH_HTTP_RECORD_H

#include "record.h"
#include "subprogram.h"

/* Samples wait at most this long for their record to be full. */
#define HTTP_WAIT_NS 1000000000ULL
/* Tries to get hold of a stream that another CPU follows: some tens of microseconds. */
#define HTTP_LOCK_TRIES 4096

#define EXCHANGE_OF(socket) ((struct http_exchange *)bpf_sk_storage_get(&http_exchanges, socket, NULL, 0))

struct http_lock {
	struct http_stream *incoming;
};

static long http_try_lock(__u32 index, struct http_lock *lock)
{
	return !__sync_lock_test_and_set(&lock->incoming->busy, 1);
}

/*
 * Holds off other CPUs from the incoming stream. Whoever holds it is in a softirq or closes the socket: it is not
 * interrupted for long by anything that would want it as well. False after many tries.
 */
static __always_inline bool http_lock(struct http_stream *incoming)
{
	struct http_lock lock = {.incoming = incoming};

	if (!__sync_lock_test_and_set(&incoming->busy, 1))
		return true;
	return bpf_loop(HTTP_LOCK_TRIES, http_try_lock, &lock, 0) < HTTP_LOCK_TRIES;
}

static __always_inline void http_unlock(struct http_stream *incoming)
{
	http_publish(&incoming->busy, 0);
}

/* Copies samples that wait to a record; those behind them are zero. Nobody overwrites them while `taken` stays. */
static __always_inline void write_samples(struct http_record *record, __u32 room,
					  struct http_exchange *exchange, __u32 taken, __u32 count)
{
	struct http_sample *samples = (struct http_sample *)record->samples;
	__u64 request_bytes = 0, response_bytes = 0;
	__u32 i;

#pragma clang loop unroll(disable)
	for (i = 0; i < room; i++) {
		struct http_outcome *outcome = &exchange->outcomes[(taken + i) % HTTP_BOUND_SAMPLES];

		if (i < count) {
			samples[i] = outcome->sample;
			request_bytes += outcome->request_bytes;
			response_bytes += outcome->response_bytes;
		} else {
			samples[i] = (struct http_sample){};
		}
	}
	record->request_bytes = request_bytes;
	record->response_bytes = response_bytes;
	record->sample_count = count;
	__builtin_memset(record->reserved, 0, sizeof(record->reserved));
}

/* Verified by themselves, once each. */
SUBPROGRAM int write_few_samples(struct http_record *record, struct http_exchange *exchange, __u32 taken,
				 __u32 count)
{
	if (record && exchange)
		write_samples(record, HTTP_LIMIT_SAMPLES, exchange, taken, count);
	return 0;
}

SUBPROGRAM int write_many_samples(struct http_long_record *record, struct http_exchange *exchange,
				  __u32 taken, __u32 count)
{
	if (record && exchange)
		write_samples((struct http_record *)record, HTTP_LIMIT_LONG_SAMPLES, exchange, taken, count);
	return 0;
}

/* What goes into one record. */
struct http_batch {
	struct tcp_sock *tcp;
	struct connection_state *state;
	struct http_exchange *exchange;
	__u64 cookie;
	__u32 taken;
	__u32 count;
};

/* All of a record but its samples, once nobody else can take these any more: true. */
static __always_inline bool finish_record(struct http_record *record, struct http_batch *batch)
{
	struct connection_record *connection = (struct connection_record *)record->connection;
	struct http_exchange *exchange = batch->exchange;
	__u32 taken = batch->taken, lost;

	if (__sync_val_compare_and_swap(&exchange->taken, taken, taken + batch->count) != taken)
		return false;
	lost = __sync_lock_test_and_set(&exchange->lost, 0);
	record->lost_requests = lost;
	write_record(connection, batch->tcp, batch->state);
	connection->kind = RECORD_KIND_HTTP;
	connection->event = RECORD_EVENT_PROGRESS;
	connection->reason = CLOSE_REASON_NONE;
	connection->flags = record_flags(batch->state);
	connection->socket_cookie = batch->cookie;
	COUNT(http_records_emitted);
	COUNT_BY(http_requests, batch->count);
	if (lost)
		COUNT_BY(http_requests_lost, lost);
	return true;
}

/* Makes a record of either size: its type alone tells the verifier how much was reserved. */
#define EMIT_AS(type, write, batch)                                               \
	({                                                                        \
		type *record = bpf_ringbuf_reserve(&records, sizeof(*record), 0); \
		if (!record)                                                      \
			return -ENOSPC;                                           \
		write(record, (batch)->exchange, (batch)->taken, (batch)->count); \
		if (finish_record((struct http_record *)record, batch))           \
			bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);             \
		else                                                              \
			bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);            \
	})

/*
 * Makes a record of as many samples as wait and fit. When the ring is full they stay where they are: whoever makes the
 * next sample, the next look and the end of the connection try again. Safe against others who do the same at the time.
 */
static __noinline int emit_samples(struct tcp_sock *tcp, struct connection_state *state,
				   struct http_exchange *exchange, __u64 cookie)
{
	struct http_batch batch = {.tcp = tcp, .state = state, .exchange = exchange, .cookie = cookie};

	/* Its ends are not known yet: the next look finds out. */
	if (!tcp || !state || !exchange || !state->client_isn)
		return 0;
	batch.taken = http_counter(&exchange->taken);
	batch.count = http_counter(&exchange->made) - batch.taken;
	if (!batch.count && !exchange->lost)
		return 0;
	if (batch.count > HTTP_LIMIT_LONG_SAMPLES)
		batch.count = HTTP_LIMIT_LONG_SAMPLES;
	if (batch.count > HTTP_LIMIT_SAMPLES)
		EMIT_AS(struct http_long_record, write_many_samples, &batch);
	else
		EMIT_AS(struct http_record, write_few_samples, &batch);
	return 0;
}

/* Makes records of samples that wait since `since_ns` or longer; 0: of all. */
static __always_inline void emit_waiting_samples(struct tcp_sock *tcp, struct connection_state *state,
						 struct http_exchange *exchange, __u64 since_ns)
{
	bool waiting = http_counter(&exchange->made) != exchange->taken;

	if (!exchange->lost && (!waiting || (since_ns && exchange->waiting_ns > since_ns)))
		return;
	emit_samples(tcp, state, exchange, bpf_get_socket_cookie(sock_of(tcp)));
	if (!since_ns) /* as many as can wait */
		emit_samples(tcp, state, exchange, bpf_get_socket_cookie(sock_of(tcp)));
}

/* What the end of a connection works with. */
struct last_samples {
	struct tcp_sock *tcp;
	struct connection_state *state;
	struct http_exchange *exchange;
	__u64 cookie;
};

static long emit_last_step(__u32 index, struct last_samples *last)
{
	struct http_exchange *exchange = last->exchange;
	__u32 waiting = exchange->made - exchange->taken;

	if (waiting < HTTP_BOUND_SAMPLES && http_finish_request(exchange))
		return 0;
	if (!waiting && !exchange->lost)
		return 1;
	return emit_samples(last->tcp, last->state, exchange, last->cookie) != 0;
}

/* Before the record of an end: everything that is known of its requests. What finds the ring full now is lost. */
static __always_inline void emit_last_samples(struct tcp_sock *tcp, struct connection_state *state,
					      struct http_exchange *exchange, __u64 cookie)
{
	struct last_samples last = {.tcp = tcp, .state = state, .exchange = exchange, .cookie = cookie};
	__u32 lost;

	if (!http_lock(&exchange->streams[exchange->source & 1]))
		return;
	bpf_loop(HTTP_BOUND_REQUESTS + HTTP_BOUND_SAMPLES + 1, emit_last_step, &last, 0);
	lost = exchange->made - exchange->taken + exchange->lost;
	if (!exchange->responses_lost)
		lost += exchange->streams[HTTP_REQUESTS].count - exchange->streams[HTTP_RESPONSES].count;
	if (lost) {
		COUNT_BY(http_requests_lost, lost);
		count_helper_error(HELPER_SITE_RING_RESERVE, -ENOSPC);
	}
}

#endif
