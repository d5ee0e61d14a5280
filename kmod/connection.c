// SPDX-License-Identifier: GPL-2.0-only
#include <linux/uio.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "compat.h"
#include "connection.h"
#include "following.h"
#include "leaving.h"

/* Between two attempts to send what is committed, when TCP had no room for it. */
#define RETRY_JIFFIES max(HZ / 50, 1)

#define TCPF_DIALLING (TCPF_SYN_SENT | TCPF_SYN_RECV)

static bool is_dialling(const struct sock *sk)
{
	return (1 << sk->sk_state) & TCPF_DIALLING;
}

static bool is_committed(const struct deferral *deferral)
{
	return deferral->gathering && deferral->gathering->committed;
}

void connection_unbegin(struct sock *sk)
{
	inet_clear_bit(DEFER_CONNECT, sk);
	WRITE_ONCE(sk->sk_state, TCP_CLOSE);
}

int connection_fail(struct deferral *deferral, int error)
{
	struct sock *sk = deferral->sk;

	if (inet_test_bit(DEFER_CONNECT, sk))
		connection_unbegin(sk);
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	sk->sk_socket->state = SS_CONNECTED;
	deferral_detach(deferral);
	sk->sk_state_change(sk);
	return error;
}

/* --- to an endpoint --- */

static void set_state_change(struct sock *sk, void (*state_change)(struct sock *sk))
{
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_state_change = state_change;
	write_unlock_bh(&sk->sk_callback_lock);
}

void connection_forget(struct deferral *deferral)
{
	if (deferral->state_change)
		set_state_change(deferral->sk, deferral->state_change);
	deferral->state_change = NULL;
}

/* TCP is connected, or there will be no connection. */
static void dialling_state_change(struct sock *sk)
{
	struct deferral *deferral = deferral_of(sk);
	typeof(sk->sk_state_change) state_change = deferral->state_change;

	if (!is_dialling(sk)) {
		connection_forget(deferral);
		deferral->state = CONNECTED;
		following_begin(deferral);
		if (deferral->shutdown || is_committed(deferral) || deferral_is_over(deferral))
			deferral_queue_work(deferral, 0);
	}
	state_change(sk);
}

int connection_dial(struct deferral *deferral, const union address *to)
{
	struct sock *sk = deferral->sk;
	union address address = *to;
	int error;

	deferral_cancel_work(deferral);
	connection_unbegin(sk);
	/* Of IPv6, TCP leaves those for mapped addresses behind. */
	WRITE_ONCE(inet_csk(sk)->icsk_af_ops, deferral->af_ops);
	sk->sk_backlog_rcv = sk->sk_prot->backlog_rcv;
	error = deferral->operations->tcp->connect(
		sk, &address.any, sk->sk_family == AF_INET6 ? sizeof(address.v6) : sizeof(address.v4));
	if (error) {
		count(sk, COUNT_UNROUTABLE);
		return connection_fail(deferral, error);
	}
	sk->sk_socket->state = SS_CONNECTED;
	deferral->endpoint = *to;
	deferral->state = CONNECTING;
	deferral->state_change = sk->sk_state_change;
	set_state_change(sk, dialling_state_change);
	return 0;
}

int connection_dial_fallback(struct deferral *deferral)
{
	return connection_dial(deferral, &deferral->fallback);
}

/* --- what was committed --- */

/* Of a message, what may go with a head that is not in its buffers. */
#define HEAD_FLAGS (MSG_MORE | MSG_EOR)

/*
 * Sends what is committed, as far as TCP takes it without waiting: another thread that came in meanwhile would send the
 * same. 0: all of it.
 */
static int flush(struct deferral *deferral, const struct msghdr *message, int flags)
{
	struct gathering *gathering = deferral->gathering;
	u32 at = 0;
	int sent = 0;

	while (at < gathering->kept) {
		struct kvec rest = {gathering->data + at, gathering->kept - at};
		struct msghdr piece = {.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL | flags};

		if (message) {
			piece.msg_flags |= message->msg_flags & HEAD_FLAGS;
			piece.msg_control = message->msg_control;
			piece.msg_controllen = message->msg_controllen;
		}
		iov_iter_kvec(&piece.msg_iter, ITER_SOURCE, &rest, 1, rest.iov_len);
		sent = tcp_sendmsg_locked(deferral->sk, &piece, rest.iov_len);
		if (sent < 0)
			break;
		at += sent;
	}
	gathering->kept -= at;
	gathering->committed = gathering->kept;
	if (at && gathering->kept) {
		memmove(gathering->data, gathering->data + at, gathering->kept);
		gathering->request.head.verdict = HTTP1_MORE;
	}
	return sent < 0 ? sent : 0;
}

/* That of a head, if a body follows that is sure to find room beside it: without, nothing would send the head. */
static int more_flag(const struct deferral *deferral, bool more)
{
	return more && 2 * deferral->gathering->kept + PAGE_SIZE < READ_ONCE(deferral->sk->sk_sndbuf)
		       ? MSG_MORE
		       : 0;
}

int connection_finish(struct deferral *deferral, const struct msghdr *message, bool more)
{
	struct sock *sk = deferral->sk;
	long timeout = sock_sndtimeo(sk, message->msg_flags & MSG_DONTWAIT);
	int error = 0;

	/* Who waits gives the lock away: another thread, or the work, may have finished it. */
	while (!error && deferral_is_attached(deferral)) {
		if (deferral->shutdown & SEND_SHUTDOWN)
			return -EPIPE;
		if (deferral->leaves)
			error = leaving_finish(deferral, &timeout);
		else if (deferral->state == CONNECTING)
			error = sk_stream_wait_connect(sk, &timeout);
		else if (is_committed(deferral))
			error = flush(deferral, message, more_flag(deferral, more));
		else
			break;
		if (error == -EAGAIN && timeout)
			error = sk_stream_wait_memory(sk, &timeout);
	}
	return error;
}

void connection_flush_last(struct deferral *deferral)
{
	struct gathering *gathering = deferral->gathering;

	if (deferral->state != CONNECTED || !gathering || gathering->decided)
		return;
	if (deferral->sk->sk_state != TCP_CLOSE)
		flush(deferral, NULL, 0);
}

/* --- what nobody waits for --- */

static void shut_down(struct sock *sk, int how)
{
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | how);
	sk->sk_prot->shutdown(sk, how);
	sk->sk_state_change(sk);
}

/* The error of a connection that failed is for who sends, receives or asks for it: it is not taken here. */
static void finish_in_background(struct deferral *deferral)
{
	struct sock *sk = deferral->sk;
	int how = deferral->shutdown;

	if (sk->sk_state != TCP_CLOSE && is_committed(deferral) && flush(deferral, NULL, 0) == -EAGAIN) {
		deferral_queue_work(deferral, RETRY_JIFFIES);
		return;
	}
	if (!how && !deferral_is_over(deferral))
		return;
	deferral_detach(deferral);
	if (how && sk->sk_state != TCP_CLOSE)
		shut_down(sk, how);
}

/* Nothing that was kept is part of a head any more. */
static void commit_pieces(struct deferral *deferral)
{
	struct gathering *gathering = deferral->gathering;

	if (gathering && !gathering->decided)
		gathering->committed = gathering->kept;
}

int connection_shutdown(struct deferral *deferral, int how)
{
	bool gathering = deferral_is_gathering(deferral->sk);

	deferral->shutdown |= how;
	commit_pieces(deferral);
	deferral_stay(deferral, STAYS_SHUT_DOWN);
	if (gathering)
		return connection_dial_fallback(deferral);
	if (deferral->state == CONNECTED)
		finish_in_background(deferral);
	return 0;
}

static void grace_is_over(struct deferral *deferral)
{
	struct sock *sk = deferral->sk;
	bool gathering = deferral_is_gathering(sk);
	int error;

	commit_pieces(deferral);
	deferral_stay(deferral, STAYS_STALLED);
	if (!gathering)
		return;
	error = connection_dial_fallback(deferral);
	if (!error)
		return;
	WRITE_ONCE(sk->sk_err, -error);
	sk_error_report(sk);
}

static bool has_pieces(const struct deferral *deferral)
{
	const struct gathering *gathering = deferral->gathering;

	return gathering && gathering->kept && !gathering->decided && !gathering->committed;
}

void connection_work(struct deferral *deferral)
{
	if (deferral_is_gathering(deferral->sk) || has_pieces(deferral))
		grace_is_over(deferral);
	if (deferral->state == CONNECTED && deferral_is_attached(deferral))
		finish_in_background(deferral);
}
