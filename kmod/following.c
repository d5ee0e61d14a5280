// SPDX-License-Identifier: GPL-2.0-only
#include <linux/skbuff.h>
#include <linux/uio.h>
#include <net/tcp.h>

#include "following.h"

/* Read at a time, of what is to be looked at. */
#define PIECE_BYTES 256

static void set_data_ready(struct sock *sk, void (*data_ready)(struct sock *sk))
{
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_data_ready = data_ready;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* Whether it is still known where the connection is. */
static bool check_phase(struct deferral *deferral)
{
	const struct http1_exchange *exchange = &deferral->exchange;

	if (exchange->phase != HTTP1_OPAQUE)
		return true;
	if (exchange->opaque == HTTP1_UNFRAMED)
		count_reason(deferral->sk, exchange->reason);
	deferral_stay(deferral, (enum stay)exchange->opaque);
	return false;
}

/* --- sent --- */

void following_sent(struct deferral *deferral, struct iov_iter *sent, size_t length)
{
	struct http1_exchange *exchange = &deferral->exchange;
	u8 piece[PIECE_BYTES];

	while (length && !deferral->stays) {
		u32 some = min_t(size_t, length, U32_MAX), passed = http1_exchange_pass_sent(exchange, some);

		if (passed) {
			iov_iter_advance(sent, passed);
		} else {
			passed = min_t(size_t, length, sizeof(piece));
			if (copy_from_iter(piece, passed, sent) != passed) {
				deferral_stay(deferral, STAYS_UNSEEN);
				return;
			}
			http1_exchange_sent(exchange, piece, passed);
			check_phase(deferral);
		}
		length -= passed;
	}
}

/* --- received --- */

static void follow_buffer(struct deferral *deferral, const struct sk_buff *skb, u32 from)
{
	struct http1_exchange *exchange = &deferral->exchange;
	u8 piece[PIECE_BYTES];

	while (from < skb->len && !deferral->stays) {
		u32 passed = http1_exchange_pass_received(exchange, skb->len - from);

		if (!passed) {
			passed = min_t(u32, skb->len - from, sizeof(piece));
			if (skb_copy_bits(skb, from, piece, passed)) {
				deferral_stay(deferral, STAYS_UNSEEN);
				return;
			}
			http1_exchange_received(exchange, piece, passed);
			check_phase(deferral);
		}
		from += passed;
	}
	deferral->seen = TCP_SKB_CB(skb)->seq + skb->len;
}

/*
 * What has arrived since. It is in the queue still, behind what was not read before, but for what a reader took that came
 * before we were told: TCP tells when there are SO_RCVLOWAT bytes.
 */
static void follow_received(struct deferral *deferral)
{
	struct sock *sk = deferral->sk;
	const struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	if (deferral->stays)
		return;
	if (before(deferral->seen, tp->copied_seq) || tp->urg_data) {
		deferral_stay(deferral, tp->urg_data ? STAYS_URGENT : STAYS_UNSEEN);
		return;
	}
	skb_queue_reverse_walk(&sk->sk_receive_queue, skb) {
		if (!after(TCP_SKB_CB(skb)->seq, deferral->seen))
			break;
	}
	if (skb == (struct sk_buff *)&sk->sk_receive_queue)
		return;
	skb_queue_walk_from(&sk->sk_receive_queue, skb) {
		u32 from = deferral->seen - TCP_SKB_CB(skb)->seq;

		if (deferral->stays)
			return;
		if (from < skb->len)
			follow_buffer(deferral, skb, from);
	}
}

static void following_data_ready(struct sock *sk)
{
	struct deferral *deferral = deferral_of(sk);
	typeof(sk->sk_data_ready) data_ready = deferral->data_ready;

	follow_received(deferral);
	data_ready(sk);
}

void following_begin(struct deferral *deferral)
{
	struct sock *sk = deferral->sk;

	if (deferral->stays || deferral->data_ready)
		return;
	deferral->seen = tcp_sk(sk)->rcv_nxt;
	deferral->data_ready = sk->sk_data_ready;
	set_data_ready(sk, following_data_ready);
}

void following_end(struct deferral *deferral)
{
	if (deferral->data_ready)
		set_data_ready(deferral->sk, deferral->data_ready);
	deferral->data_ready = NULL;
}

bool following_is_idle(struct deferral *deferral)
{
	struct sock *sk = deferral->sk;
	const struct tcp_sock *tp = tcp_sk(sk);

	follow_received(deferral);
	if (deferral->stays)
		return false;
	if (sk->sk_state != TCP_ESTABLISHED || sk->sk_err || sk->sk_shutdown)
		deferral_stay(deferral, STAYS_ENDED);
	else if (tp->copied_seq != tp->rcv_nxt || !RB_EMPTY_ROOT(&tp->out_of_order_queue))
		deferral_stay(deferral, STAYS_UNREAD);
	return !deferral->stays;
}

bool following_awaits_acknowledgement(const struct sock *sk)
{
	return sk->sk_state == TCP_ESTABLISHED && !sk->sk_err &&
	       READ_ONCE(tcp_sk(sk)->snd_una) != READ_ONCE(tcp_sk(sk)->write_seq);
}
