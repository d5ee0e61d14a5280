// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reads requests and responses of HTTP/1.1 off the segments of connections that observe.bpf.c knows, and times them.
 *
 * An object of its own, on the maps of the observing one: it can be left out, and a kernel that refuses it goes on being
 * observed. Always lets the segment pass. What a segment means is in include/http_follow.h, framing in
 * include/http_stream.h, what a line says in include/http_line.h.
 */
#include "include/http_record.h"
#include "include/http_follow.h"
#include "include/preface.h"
#include "include/route_of.h"
#include <bpf/bpf_endian.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* A segment, as its headers have it. */
struct segment {
	__u32 sequence;
	__u32 acknowledged;
	__u32 payload; /* offset of the first payload byte */
	__u32 length;  /* of the payload */
	bool last;     /* with a FIN behind it */
};

/* linux/ipv6.h and kernel.h have a structure of the same name. */
#define IPV6_HEADER_BYTES 40
#define IPV6_NEXT_HEADER  6

/* Lines and bodies in one segment; beyond that somebody means to keep us busy. */
#define STEPS_PER_SEGMENT 2048

static __always_inline long http_read(struct http_visit *visit, __u32 offset, void *to, __u32 length)
{
	return bpf_skb_load_bytes(visit->source, visit->payload + offset, to, length);
}

static __always_inline void http_make_room(struct http_visit *visit)
{
	struct __sk_buff *skb = visit->source;
	struct bpf_sock *socket = skb->sk;
	struct connection_state *state;
	struct tcp_sock *tcp;

	if (!socket)
		return;
	tcp = bpf_skc_to_tcp_sock(socket);
	state = STATE_OF(socket);
	if (tcp && state)
		emit_samples(tcp, state, visit->exchange, bpf_get_socket_cookie(skb));
}

static __always_inline __u64 http_boot_ns(void)
{
	return bpf_ktime_get_boot_ns();
}

static __always_inline __u32 http_route(struct http_visit *visit)
{
	return visit->exchange->routed ? route_of(visit->source) : 0;
}

/* What TCP took for now as it began to send, without asking the clock again; or now. CLOCK_MONOTONIC. */
static __always_inline __u64 time_of(struct bpf_sock *socket, bool egress)
{
	struct tcp_sock *tcp = egress ? bpf_skc_to_tcp_sock(socket) : NULL;

	return tcp ? tcp->tcp_clock_cache : bpf_ktime_get_ns();
}

static long advance(__u32 index, struct http_visit *visit)
{
	return !http_advance(visit);
}

static __always_inline bool http_run(struct http_visit *visit)
{
	return bpf_loop(STEPS_PER_SEGMENT, advance, visit, 0) < STEPS_PER_SEGMENT;
}

/* False when it is not a segment of TCP whose headers can be read, or brings nothing. */
static __always_inline bool read_headers(struct __sk_buff *skb, struct segment *segment)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct tcphdr *tcp;
	__u32 at;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = data;

		if (data + sizeof(*ip) > end || ip->protocol != IPPROTO_TCP)
			return false;
		at = ip->ihl * 4;
	} else {
		__u8 *ip = data;

		if (data + IPV6_HEADER_BYTES > end || ip[IPV6_NEXT_HEADER] != IPPROTO_TCP)
			return false;
		at = IPV6_HEADER_BYTES;
	}
	tcp = data + at;
	if ((void *)(tcp + 1) > end)
		return false;
	segment->payload = at + tcp->doff * 4;
	segment->length = skb->len - segment->payload;
	segment->last = tcp->fin;
	segment->sequence = bpf_ntohl(tcp->seq);
	segment->acknowledged = bpf_ntohl(tcp->ack_seq);
	return segment->length || segment->last;
}

/*
 * How many bytes stand before the first request of a connection, of which this is the first payload: what was pushed for
 * a waypoint, whatever it is, or a header of the PROXY protocol by somebody else or at the accepting end.
 */
static __always_inline __u32 preface_before(struct __sk_buff *skb, struct bpf_sock *socket,
					    struct segment *segment, bool egress)
{
	struct steering *steering = egress ? STEERING_OF(socket) : NULL;
	struct proxy_head head;

	if (steering && steering->preface_bytes)
		return steering->preface_bytes;
	if (segment->length < sizeof(head) ||
	    bpf_skb_load_bytes(skb, segment->payload, &head, sizeof(head)) || !is_proxy_head(&head))
		return 0;
	return sizeof(head) + bpf_ntohs(head.length);
}

/* The first payload of a connection that may turn out to be HTTP; NULL when it does not, or is not ours. */
static __always_inline struct http_exchange *begin_exchange(struct __sk_buff *skb, struct bpf_sock *socket,
							    struct segment *segment, bool egress)
{
	struct connection_state *state = STATE_OF(socket);
	__u32 begin, preface = 0, length = segment->length;
	struct http_exchange *exchange;
	bool response, from_start;
	__u64 word = 0;

	if (!state || state->protocol || !state->client_isn || !length ||
	    (state->phase != PHASE_OPEN && state->phase != PHASE_ANNOUNCED))
		return NULL;
	response = egress != (state->reporter == REPORTER_SOURCE);
	begin = (response ? state->server_isn : state->client_isn) + 1;
	if (!response) {
		if (segment->sequence == begin && !state->preface_bytes)
			state->preface_bytes = preface_before(skb, socket, segment, egress);
		begin += state->preface_bytes;
		preface = begin - segment->sequence; /* what of it lies in this segment */
	}
	from_start = !(state->flags & RECORD_FLAG_ADOPTED) &&
		     (response ? segment->sequence == begin : preface <= state->preface_bytes);
	if (!from_start)
		preface = 0;
	if (preface >= length)
		return NULL;
	length -= preface;
	if (bpf_skb_load_bytes(skb, segment->payload + preface, &word, http_at_most(length, sizeof(word))))
		return NULL;
	if (from_start) {
		state->protocol = http_recognise(word, length, response);
		if (state->protocol)
			return NULL;
	} else if (response || !http_may_begin_request(word, length)) {
		return NULL; /* in the midst of something: only a request tells what */
	}
	exchange = bpf_sk_storage_get(&http_exchanges, socket, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!exchange) {
		count_helper_error(HELPER_SITE_STORAGE_CREATE, -ENOMEM);
		return NULL;
	}
	http_begin(exchange, state->reporter == REPORTER_SOURCE, state->client_isn + 1 + state->preface_bytes,
		   state->server_isn + 1);
	exchange->routed = exchange->source && is_routed(socket);
	if (!from_start) {
		exchange->streams[HTTP_REQUESTS].mode = HTTP_MODE_LOST;
		exchange->streams[HTTP_RESPONSES].mode = HTTP_MODE_LOST;
		exchange->responses_lost = 1;
	}
	return exchange;
}

/* The first line was complete: what the connection speaks. Anything but HTTP/1 needs no exchange any more. */
static __always_inline void note_protocol(struct bpf_sock *socket, __u8 protocol)
{
	struct connection_state *state = STATE_OF(socket);

	if (!state)
		return;
	state->protocol = protocol;
	if (protocol != HTTP_PROTOCOL_HTTP1)
		bpf_sk_storage_delete(&http_exchanges, socket);
}

static __always_inline int follow(struct __sk_buff *skb, bool egress)
{
	struct http_exchange *exchange;
	struct http_stream *stream;
	struct http_visit visit;
	struct segment segment;
	struct bpf_sock *socket;
	__u8 protocol;

	if (!read_headers(skb, &segment))
		return 1;
	socket = skb->sk;
	if (!socket)
		return 1;
	exchange = EXCHANGE_OF(socket);
	if (!exchange)
		exchange = begin_exchange(skb, socket, &segment, egress);
	if (!exchange)
		return 1;
	stream = &exchange->streams[(egress ^ exchange->source) & 1];
	if (!egress && !http_lock(stream))
		return 1;
	protocol = exchange->protocol;
	stream->length = segment.length;
	stream->offset = 0;
	stream->acknowledged = segment.acknowledged;
	visit.now_ns = 0;
	visit.payload = segment.payload;
	if (http_has_time(stream, segment.sequence))
		visit.now_ns = time_of(socket, egress);
	visit.source = skb;
	visit.exchange = exchange;
	visit.stream = stream;
	http_take_segment(&visit, segment.sequence, segment.last);
	if (stream->framing_lost) {
		stream->framing_lost = 0;
		COUNT(http_framing_lost);
	}
	if (exchange->protocol != protocol)
		note_protocol(socket, exchange->protocol);
	if (!egress)
		http_unlock(stream);
	return 1;
}

SEC("cgroup_skb/egress")
int follow_egress(struct __sk_buff *skb)
{
	return follow(skb, true);
}

SEC("cgroup_skb/ingress")
int follow_ingress(struct __sk_buff *skb)
{
	return follow(skb, false);
}
