/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a socket to its connection record. */
#ifndef UNDERMESH_RECORD_H
#define UNDERMESH_RECORD_H

#include "maps.h"
#include "steerings.h"
#include <bpf/bpf_endian.h>

/* The members of a socket that a record needs, reached once. */
static __always_inline struct sock *sock_of(struct tcp_sock *tcp)
{
	return &tcp->inet_conn.icsk_inet.sk;
}

static __always_inline bool is_v4_mapped(struct sock *sk)
{
	return sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[2] == bpf_htonl(0xffff) &&
	       !sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[0] &&
	       !sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[1];
}

static __always_inline void write_words(__u8 *to, __u32 a, __u32 b, __u32 c, __u32 d)
{
	__u32 *words = (__u32 *)to;

	words[0] = a;
	words[1] = b;
	words[2] = c;
	words[3] = d;
}

static __always_inline void write_addresses(struct connection_record *record, struct sock *sk)
{
	struct sock_common *common = &sk->__sk_common;

	if (common->skc_family == AF_INET6 && !is_v4_mapped(sk)) {
		struct in6_addr *local = &common->skc_v6_rcv_saddr, *peer = &common->skc_v6_daddr;

		record->family = ADDRESS_FAMILY_IPV6;
		write_words(record->local_address, local->in6_u.u6_addr32[0], local->in6_u.u6_addr32[1],
			    local->in6_u.u6_addr32[2], local->in6_u.u6_addr32[3]);
		write_words(record->peer_address, peer->in6_u.u6_addr32[0], peer->in6_u.u6_addr32[1],
			    peer->in6_u.u6_addr32[2], peer->in6_u.u6_addr32[3]);
		write_words(record->original_address, peer->in6_u.u6_addr32[0], peer->in6_u.u6_addr32[1],
			    peer->in6_u.u6_addr32[2], peer->in6_u.u6_addr32[3]);
		return;
	}
	record->family = common->skc_family == AF_INET ? ADDRESS_FAMILY_IPV4 : ADDRESS_FAMILY_V4_MAPPED;
	write_words(record->local_address, common->skc_rcv_saddr, 0, 0, 0);
	write_words(record->peer_address, common->skc_daddr, 0, 0, 0);
	write_words(record->original_address, common->skc_daddr, 0, 0, 0);
}

/*
 * The initial sequence numbers, from counters that move together with the sequence: bytes_acked counts the
 * SYN of the side that connected and not of the side that accepted, bytes_received never counts it, both
 * count a FIN. So this holds at any time of a connection's life, and for connections that were never seen to
 * open.
 */
static __always_inline void initial_sequences(struct tcp_sock *tcp, struct connection_state *state)
{
	__u32 ours = tcp->snd_una - (__u32)tcp->bytes_acked;
	__u32 theirs = tcp->rcv_nxt - (__u32)tcp->bytes_received - 1;

	if (state->reporter == REPORTER_SOURCE) {
		state->client_isn = ours;
		state->server_isn = theirs;
	} else {
		state->client_isn = theirs;
		state->server_isn = ours - 1;
	}
}

static __always_inline __u64 payload_sent(struct tcp_sock *tcp)
{
	return tcp->bytes_sent - tcp->bytes_retrans;
}

/* bytes_received counts the peer's FIN once it was taken in, which is when SOCK_DONE is set. */
static __always_inline __u64 payload_received(struct tcp_sock *tcp)
{
	__u64 fin = (sock_of(tcp)->__sk_common.skc_flags >> SOCK_DONE) & 1;

	return tcp->bytes_received - (tcp->bytes_received ? fin : 0);
}

static __always_inline void write_totals(struct connection_record *record, struct tcp_sock *tcp)
{
	__u64 retransmitted = tcp->bytes_retrans;

	record->sent_bytes = payload_sent(tcp);
	record->received_bytes = payload_received(tcp);
	record->retransmitted_bytes = retransmitted > 0xffffffff ? 0xffffffff : retransmitted;
	record->srtt_us = tcp->srtt_us >> 3;
	record->min_rtt_us = tcp->rtt_min.s[0].v == ~0U ? 0 : tcp->rtt_min.s[0].v;
	record->segments_sent = tcp->segs_out;
	record->segments_received = tcp->segs_in;
	record->retransmitted_segments = tcp->total_retrans;
	record->lost_segments = tcp->lost;
	record->delivered_segments = tcp->delivered;
}

/* What is known of a connection so far, as every record of it says. */
static __always_inline __u16 record_flags(struct connection_state *state)
{
	switch (state->protocol) {
	case HTTP_PROTOCOL_HTTP1:
		return state->flags | RECORD_FLAG_HTTP1;
	case HTTP_PROTOCOL_TLS:
		return state->flags | RECORD_FLAG_TLS;
	case HTTP_PROTOCOL_HTTP2:
		return state->flags | RECORD_FLAG_HTTP2;
	case HTTP_PROTOCOL_OTHER:
		return state->flags | RECORD_FLAG_OTHER_PROTOCOL;
	default:
		return state->flags;
	}
}

/* What the application asked for and sent, where an engine has sent the socket somewhere else. After totals. */
static __always_inline void write_steering(struct connection_record *record, struct sock *sk)
{
	struct steering *steering = STEERING_OF(sk);

	record->engine = ENGINE_OFF;
	record->generation = 0;
	record->service_id = 0;
	if (!steering)
		return;
	record->engine = steering->engine;
	record->generation = steering->generation;
	record->service_id = steering->service_id;
	record->original_port = steering->original_port;
	record->sent_bytes -= steering->preface_bytes;
	__builtin_memcpy(record->original_address, steering->original_address,
			 sizeof(record->original_address));
}

/* Fills all of a record but event, reason and flags. The socket's cookie must have been made before. */
static __always_inline void write_record(struct connection_record *record, struct tcp_sock *tcp,
					 struct connection_state *state)
{
	struct sock *sk = sock_of(tcp);

	record->kind = RECORD_KIND_CONNECTION;
	record->reporter = state->reporter;
	record->time_ns = bpf_ktime_get_boot_ns();
	record->opened_ns = state->opened_ns;
	record->cgroup_id = state->cgroup_id;
	record->netns_cookie = sk->__sk_common.skc_net.net->net_cookie;
	record->pid = state->pid;
	__builtin_memcpy(record->process, state->process, sizeof(record->process));
	record->connect_us = state->connect_us;
	record->client_isn = state->client_isn;
	record->server_isn = state->server_isn;
	record->workload_id = 0;
	write_addresses(record, sk);
	/* Not skc_num: the port has been put back by the time a client's socket is seen to close. */
	record->local_port = bpf_ntohs(tcp->inet_conn.icsk_inet.inet_sport);
	record->peer_port = bpf_ntohs(sk->__sk_common.skc_dport);
	record->original_port = record->peer_port;
	write_totals(record, tcp);
	write_steering(record, sk);
}

#endif
