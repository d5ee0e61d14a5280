// SPDX-License-Identifier: GPL-2.0-only
#include <linux/uio.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "compat.h"
#include "connection.h"
#include "following.h"
#include "leaving.h"
#include "requests.h"
#include "router.h"

/* --- where a request goes --- */

/* An address of IPv4 for a socket of IPv6 is mapped. */
static int fit_address(const struct sock *sk, union address *address)
{
	union address v4 = *address;

	if (address->any.sa_family == sk->sk_family)
		return 0;
	if (sk->sk_family != AF_INET6 || ipv6_only_sock(sk))
		return -ENETUNREACH;
	memset(address, 0, sizeof(*address));
	address->v6.sin6_family = AF_INET6;
	address->v6.sin6_port = v4.v4.sin_port;
	ipv6_addr_set_v4mapped(v4.v4.sin_addr.s_addr, &address->v6.sin6_addr);
	return 0;
}

static bool is_endpoint(const struct deferral *deferral, const union address *to)
{
	const union address *endpoint = &deferral->endpoint;

	if (to->any.sa_family == AF_INET6)
		return endpoint->v6.sin6_port == to->v6.sin6_port &&
		       ipv6_addr_equal(&endpoint->v6.sin6_addr, &to->v6.sin6_addr);
	return endpoint->v4.sin_port == to->v4.sin_port &&
	       endpoint->v4.sin_addr.s_addr == to->v4.sin_addr.s_addr;
}

/*
 * What a socket cannot connect to, or a router says no to, is at its end; the endpoint that it had sees that it is, and has
 * what it was sent before.
 */
static int end(struct deferral *deferral, int error)
{
	if (deferral->state != CONNECTED)
		return connection_fail(deferral, error);
	leaving_begin_refused(deferral, error);
	return 0;
}

static int go_to(struct deferral *deferral, const union address *to)
{
	if (deferral->state != CONNECTED)
		return connection_dial(deferral, to);
	if (!is_endpoint(deferral, to))
		leaving_begin(deferral, to);
	return 0;
}

static int ask(struct deferral *deferral)
{
	struct gathering *gathering = deferral->gathering;
	struct sock *sk = deferral->sk;
	int answer, error;

	gathering->request.number = ++deferral->requests;
	gathering->chosen = false;
	deferral->leaves = false;
	answer = router_ask(gathering);
	count(sk, COUNT_REQUESTS);
	if (answer == -ENOENT || (!answer && !gathering->chosen)) {
		count(sk, COUNT_DEFAULT);
		return go_to(deferral, &deferral->fallback);
	}
	if (answer) {
		count(sk, COUNT_REJECTED);
		return end(deferral, answer < 0 && answer >= -MAX_ERRNO ? answer : -ECONNREFUSED);
	}
	error = fit_address(sk, &gathering->to);
	if (error)
		return end(deferral, error);
	count(sk, COUNT_ROUTED);
	return go_to(deferral, &gathering->to);
}

/*
 * The head is whole, or there will be none. Of what is no request a router decides only as long as there is no connection;
 * later it stays where the requests before it went.
 */
static int decide(struct deferral *deferral)
{
	const struct http1_head *head = &deferral->gathering->request.head;
	int error = 0;

	deferral_cancel_work(deferral);
	if (head->verdict != HTTP1_COMPLETE)
		count_reason(deferral->sk, head->reason);
	if (deferral->state == GATHERING || (head->verdict == HTTP1_COMPLETE && following_is_idle(deferral)))
		error = ask(deferral);
	if (error)
		return error;
	if (head->verdict != HTTP1_COMPLETE)
		deferral_stay(deferral, head->verdict == HTTP1_FOREIGN ? STAYS_FOREIGN : STAYS_UNFRAMED);
	deferral->gathering->decided = true;
	return 0;
}

/* --- what is sent --- */

/* Who waits to hear what became of a message that was not to be copied waits for one as well that is taken here, copied. */
static int tell_it_was_copied(struct sock *sk, const struct msghdr *message, size_t size)
{
	struct ubuf_info *told;

	if (!(message->msg_flags & MSG_ZEROCOPY) || message->msg_ubuf || !sock_flag(sk, SOCK_ZEROCOPY))
		return 0;
	told = msg_zerocopy_realloc(sk, size, NULL);
	if (!told)
		return -ENOBUFS;
	uarg_to_msgzc(told)->zerocopy = 0;
	net_zcopy_put(told);
	return 0;
}

static int take(struct deferral *deferral, struct msghdr *message, u32 length)
{
	int error = 0;

	if (length && length == msg_data_left(message))
		error = tell_it_was_copied(deferral->sk, message, length);
	if (error)
		return error;
	gathering_take(deferral->gathering, message, length);
	return length;
}

/* As a send waits that has these flags; its errors. */
static int finish(struct deferral *deferral, const struct msghdr *message, bool more)
{
	int error = connection_finish(deferral, message, more);

	return error ? sk_stream_error(deferral->sk, message->msg_flags, error) : 0;
}

/*
 * Takes the head of a request, or a part of one, out of a message. Returns how much, or a negative errno. 0 as well: the
 * deferral has been ended meanwhile.
 */
static int take_head(struct deferral *deferral, struct msghdr *message)
{
	struct gathering *gathering = deferral->gathering;
	struct http1_head *head = &gathering->request.head;
	int taken, error;

	if (!gathering->decided || !gathering_is_repeated(gathering, message)) {
		int read = gathering_read(gathering, message);

		if (read < 0)
			return read;
		if (head->verdict == HTTP1_MORE) {
			if (deferral->state == CONNECTED && deferral->terms.grace_ms && read)
				deferral_queue_work(deferral, msecs_to_jiffies(deferral->terms.grace_ms));
			return take(deferral, message, read);
		}
		error = decide(deferral);
		if (error)
			return error;
	}
	error = finish(deferral, message, false);
	if (error || !deferral_is_attached(deferral))
		return error;
	taken = take(deferral, message, head->length - gathering->kept);
	if (taken < 0)
		return taken;
	gathering->decided = false;
	gathering->committed = true;
	if (!deferral->stays)
		http1_exchange_begin(&deferral->exchange, head);
	return taken;
}

/* What is behind a head, or is not looked at any more. */
static int send_rest(struct deferral *deferral, struct msghdr *message)
{
	struct iov_iter sent = message->msg_iter;
	int result = tcp_sendmsg_locked(deferral->sk, message, iov_iter_count(&sent));

	if (result > 0 && deferral_is_attached(deferral))
		following_sent(deferral, &sent, result);
	return result;
}

/* While another sender waits, what its head becomes is not known. */
static bool awaits_head(const struct deferral *deferral)
{
	if (deferral->state == GATHERING)
		return true;
	if (deferral->senders > 1)
		return false;
	return deferral->gathering->decided || (!deferral->stays && deferral->exchange.phase == HTTP1_IDLE);
}

/* Whether what was taken already goes its way, sooner or later. */
static bool goes_on(int error)
{
	return error == -EAGAIN || error == -EINTR || error == -ERESTARTSYS;
}

/* TCP says by itself then what there is to say. */
static bool is_at_its_end(const struct deferral *deferral)
{
	const struct sock *sk = deferral->sk;

	return deferral->state == CONNECTED &&
	       (sk->sk_state == TCP_CLOSE || sk->sk_err || sk->sk_shutdown & SEND_SHUTDOWN);
}

static void forget_heads(struct deferral *deferral)
{
	deferral_stay(deferral, STAYS_ENDED);
	deferral->gathering->kept = 0;
	deferral->gathering->decided = false;
	deferral->gathering->committed = false;
}

static int send_attached(struct deferral *deferral, struct msghdr *message)
{
	struct gathering *gathering = deferral->gathering;
	int taken = 0, error, sent;

	if (message->msg_flags & MSG_OOB)
		deferral_stay(deferral, STAYS_URGENT);
	if (is_at_its_end(deferral))
		forget_heads(deferral);
	error = finish(deferral, message, false);
	if (error)
		return error;
	if (deferral_is_attached(deferral) && awaits_head(deferral)) {
		taken = take_head(deferral, message);
		if (taken < 0 || (deferral_is_attached(deferral) && !gathering->committed))
			return taken;
	} else if (!gathering->decided) {
		gathering->committed = gathering->kept;
	}
	error = finish(deferral, message, msg_data_left(message));
	if (error && !goes_on(error))
		return error;
	if (error && deferral_is_attached(deferral))
		deferral_queue_work(deferral, 1);
	if (error || (taken && !msg_data_left(message)))
		return taken ?: error;
	sent = send_rest(deferral, message);
	return sent < 0 ? taken ?: sent : taken + sent;
}

int requests_send(struct sock *sk, struct msghdr *message)
{
	struct deferral *deferral = deferral_of(sk);
	int result;

	if (!deferral)
		return tcp_sendmsg_locked(sk, message, msg_data_left(message));
	if (!deferral->gathering)
		deferral->gathering = gathering_new(sk, deferral->terms.owner, deferral->terms.tag);
	if (!deferral->gathering)
		return -ENOMEM;
	deferral_get(deferral);
	if (deferral->senders++)
		deferral_stay(deferral, STAYS_SENDERS);
	result = send_attached(deferral, message);
	deferral->senders--;
	if (deferral_is_attached(deferral) && deferral_is_over(deferral))
		deferral_detach(deferral);
	deferral_put(deferral);
	return result;
}
