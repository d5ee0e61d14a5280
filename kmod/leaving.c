// SPDX-License-Identifier: GPL-2.0-only
#include <net/tcp.h>

#include "compat.h"
#include "connection.h"
#include "following.h"
#include "leaving.h"

/* What tcp_disconnect() forgets of what the application, or a program, has set. */
struct kept_options {
	int peek_off;
	u16 user_mss;
	u32 rto_min;
	u32 delack_max;
};

static struct kept_options keep_options(const struct sock *sk)
{
	return (struct kept_options){
		.peek_off = READ_ONCE(sk->sk_peek_off),
		.user_mss = tcp_sk(sk)->rx_opt.user_mss,
		.rto_min = inet_csk(sk)->icsk_rto_min,
		.delack_max = inet_csk(sk)->icsk_delack_max,
	};
}

static void restore_options(struct sock *sk, const struct kept_options *kept)
{
	WRITE_ONCE(sk->sk_peek_off, kept->peek_off);
	tcp_sk(sk)->rx_opt.user_mss = kept->user_mss;
	inet_csk(sk)->icsk_rto_min = kept->rto_min;
	inet_csk(sk)->icsk_delack_max = kept->delack_max;
}

static void tell_nobody(struct sock *sk)
{
}

/*
 * FIN, and then what stands for the connection in TIME_WAIT takes what the endpoint still says: a socket that forgot it
 * would answer by a reset. TCP takes the connection for closed then, so that disconnecting reports no error; who polls
 * meanwhile: see deferred_poll().
 */
static void close_gently(struct deferral *deferral)
{
	struct sock *sk = deferral->sk;

	deferral->operations->tcp->shutdown(sk, SEND_SHUTDOWN);
	sk_flush_backlog(sk);
	if (sk->sk_state != TCP_CLOSE) {
		local_bh_disable();
		tcp_time_wait(sk, TCP_FIN_WAIT2, min_t(int, tcp_fin_time(sk), TCP_TIMEWAIT_LEN));
		local_bh_enable();
	}
	/* What came since is for nobody; the next connection must not see it. */
	sk_flush_backlog(sk);
}

static void leave(struct deferral *deferral)
{
	struct sock *sk = deferral->sk;
	typeof(sk->sk_state_change) state_change = sk->sk_state_change;
	typeof(sk->sk_error_report) error_report = sk->sk_error_report;
	struct kept_options kept = keep_options(sk);

	following_end(deferral);
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_state_change = tell_nobody;
	sk->sk_error_report = tell_nobody;
	write_unlock_bh(&sk->sk_callback_lock);
	close_gently(deferral);
	tcp_disconnect(sk, 0);
	WRITE_ONCE(sk->sk_err, 0);
	restore_options(sk, &kept);
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_state_change = state_change;
	sk->sk_error_report = error_report;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* --- once it is acknowledged --- */

void leaving_begin(struct deferral *deferral, const union address *to)
{
	deferral->next = *to;
	deferral->refusal = 0;
	deferral->leaves = true;
}

void leaving_begin_refused(struct deferral *deferral, int error)
{
	deferral->refusal = error;
	deferral->leaves = true;
}

static bool has_to_wait(const struct deferral *deferral)
{
	return deferral_is_attached(deferral) && deferral->leaves && !deferral->stays &&
	       following_awaits_acknowledgement(deferral->sk);
}

/* TCP tells of an acknowledgement as it tells of room, if somebody has found none. */
static void ask_to_be_told(struct sock *sk)
{
	set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
}

bool leaving_is_waited_for(struct deferral *deferral)
{
	if (!has_to_wait(deferral))
		return false;
	ask_to_be_told(deferral->sk);
	return true;
}

/* As sk_stream_wait_memory() waits for room. */
static int wait_for_acknowledgement(struct deferral *deferral, long *timeout)
{
	struct sock *sk = deferral->sk;
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int error = 0;

	add_wait_queue(sk_sleep(sk), &wait);
	while (!error && has_to_wait(deferral)) {
		ask_to_be_told(sk);
		if (!*timeout)
			error = -EAGAIN;
		else if (signal_pending(current))
			error = sock_intr_errno(*timeout);
		else if (sk_wait_event(sk, timeout, !has_to_wait(deferral), &wait) < 0)
			error = -EPIPE;
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return error;
}

/*
 * Who waits gives the lock away: what it was to leave for may be done, and what passed since may have it stay. A request
 * that was refused is not sent all the same: then the endpoint hears of the end when the application closes.
 */
int leaving_finish(struct deferral *deferral, long *timeout)
{
	int error = wait_for_acknowledgement(deferral, timeout);
	bool stays;

	if (error || !deferral_is_attached(deferral) || !deferral->leaves)
		return error;
	deferral->leaves = false;
	stays = deferral->stays || !following_is_idle(deferral);
	if (stays)
		return deferral->refusal ? connection_fail(deferral, deferral->refusal) : 0;
	leave(deferral);
	if (deferral->refusal)
		return connection_fail(deferral, deferral->refusal);
	count(deferral->sk, COUNT_MOVED);
	return connection_dial(deferral, &deferral->next);
}
