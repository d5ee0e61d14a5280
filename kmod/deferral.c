// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "counters.h"
#include "deferral.h"

/* Between two attempts to send what was kept, when TCP had no room for it. */
#define RETRY_JIFFIES max(HZ / 50, 1)

static struct workqueue_struct *deferral_queue;

static void deferral_put(struct deferral *deferral)
{
	if (!refcount_dec_and_test(&deferral->references))
		return;
	if (deferral->gathering)
		kfree(deferral->gathering->data);
	kfree(deferral->gathering);
	kfree_rcu(deferral, rcu);
	module_put(THIS_MODULE);
}

static void deferral_queue_work(struct deferral *deferral, unsigned long delay)
{
	refcount_inc(&deferral->references);
	sock_hold(deferral->sk);
	if (queue_delayed_work(deferral_queue, &deferral->work, delay))
		return;
	sock_put(deferral->sk);
	refcount_dec(&deferral->references);
}

/* Work that runs already finds out by itself, once it has the lock, that it is not wanted. */
static void deferral_cancel_work(struct deferral *deferral)
{
	if (!cancel_delayed_work(&deferral->work))
		return;
	sock_put(deferral->sk);
	refcount_dec(&deferral->references);
}

struct deferral *deferral_of(const struct sock *sk)
{
	if (!operations_are_deferred(sk))
		return NULL;
	return rcu_dereference_protected(__sk_user_data(sk), lockdep_sock_is_held(sk));
}

/* --- its end --- */

static void set_state_change(struct sock *sk, void (*state_change)(struct sock *sk))
{
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_state_change = state_change;
	write_unlock_bh(&sk->sk_callback_lock);
}

static void detach(struct sock *sk, struct deferral *deferral)
{
	deferral_cancel_work(deferral);
	inet_clear_bit(DEFER_CONNECT, sk);
	if (deferral->state_change)
		set_state_change(sk, deferral->state_change);
	operations_restore(sk, deferral->operations);
	rcu_assign_sk_user_data(sk, NULL);
	deferral_put(deferral);
}

/* A socket that never was in a table of TCP's leaves SYN_SENT without a word to those who watch states. */
static void leave_syn_sent(struct sock *sk)
{
	inet_clear_bit(DEFER_CONNECT, sk);
	WRITE_ONCE(sk->sk_state, TCP_CLOSE);
}

void deferral_end(struct sock *sk)
{
	struct deferral *deferral = deferral_of(sk);

	if (!deferral)
		return;
	if (deferral_is_gathering(sk)) {
		count(sk, COUNT_ABANDONED);
		leave_syn_sent(sk);
	}
	detach(sk, deferral);
}

/* As a connection is after a reset. */
static int fail(struct sock *sk, struct deferral *deferral, int error)
{
	if (inet_test_bit(DEFER_CONNECT, sk))
		leave_syn_sent(sk);
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	sk->sk_socket->state = SS_CONNECTED;
	detach(sk, deferral);
	sk->sk_state_change(sk);
	return error;
}

/* --- its beginning --- */

static void deferral_work(struct work_struct *work);

int deferral_arm(struct sock *sk, const union address *asked, u32 grace_ms, u32 tag)
{
	const struct operations *operations = operations_for(sk);
	struct deferral *deferral = deferral_of(sk);

	if (deferral) {
		/* Armed before, for a connect() that another program then refused. */
		if (deferral->state != ARMED)
			return -EALREADY;
	} else {
		if (!operations || rcu_access_pointer(sk->sk_user_data))
			return -EOPNOTSUPP;
		deferral = kzalloc(sizeof(*deferral), GFP_ATOMIC | __GFP_NOWARN);
		if (!deferral)
			return -ENOMEM;
		__module_get(THIS_MODULE);
		deferral->sk = sk;
		deferral->operations = operations;
		refcount_set(&deferral->references, 1);
		INIT_DELAYED_WORK(&deferral->work, deferral_work);
		rcu_assign_sk_user_data(sk, deferral);
		operations_defer(sk, operations);
	}
	deferral->asked = *asked;
	deferral->grace_ms = grace_ms;
	deferral->tag = tag;
	return 0;
}

int deferral_begin(struct sock *sk, struct sockaddr *address, int length)
{
	struct deferral *deferral = deferral_of(sk);

	if (length > (int)sizeof(deferral->fallback))
		length = sizeof(deferral->fallback);
	memcpy(&deferral->fallback, address, length);
	deferral->fallback_length = length;
	deferral->state = GATHERING;
	inet_set_bit(DEFER_CONNECT, sk);
	WRITE_ONCE(sk->sk_state, TCP_SYN_SENT);
	if (deferral->grace_ms)
		deferral_queue_work(deferral, msecs_to_jiffies(deferral->grace_ms));
	count(sk, COUNT_DEFERRED);
	return 0;
}

bool deferral_is_gathering(const struct sock *sk)
{
	const struct deferral *deferral = deferral_of(sk);

	return deferral && deferral->state == GATHERING && sk->sk_state == TCP_SYN_SENT &&
	       inet_test_bit(DEFER_CONNECT, sk);
}

/* --- the connection --- */

/* TCP's own connection changed its state: there is something to send, or to shut down, or an error. */
static void deferral_state_change(struct sock *sk)
{
	struct deferral *deferral = deferral_of(sk);

	if (!deferral)
		return;
	deferral->state_change(sk);
	if (sk->sk_state != TCP_SYN_SENT)
		deferral_queue_work(deferral, 0);
}

static void await_connection(struct sock *sk, struct deferral *deferral)
{
	deferral->state = CONNECTING;
	deferral->state_change = sk->sk_state_change;
	set_state_change(sk, deferral_state_change);
}

/* Begins the connection that connect() put off. */
static int dial(struct sock *sk, struct deferral *deferral, union address *to, int length)
{
	int error;

	deferral_cancel_work(deferral);
	leave_syn_sent(sk);
	error = deferral->operations->tcp->connect(sk, &to->any, length);
	if (error) {
		count(sk, COUNT_UNROUTABLE);
		return fail(sk, deferral, error);
	}
	sk->sk_socket->state = SS_CONNECTED;
	if (deferral->shutdown || (deferral->gathering && deferral->gathering->kept))
		await_connection(sk, deferral);
	else
		detach(sk, deferral);
	return 0;
}

static int dial_fallback(struct sock *sk, struct deferral *deferral)
{
	return dial(sk, deferral, &deferral->fallback, deferral->fallback_length);
}

/* --- what is sent --- */

static struct gathering *new_gathering(u32 tag)
{
	struct gathering *gathering = kzalloc(sizeof(*gathering), GFP_KERNEL);

	if (!gathering)
		return NULL;
	gathering->data = kzalloc(GATHERING_BYTES, GFP_KERNEL);
	if (!gathering->data) {
		kfree(gathering);
		return NULL;
	}
	gathering->room = GATHERING_BYTES;
	gathering->request.tag = tag;
	http1_head_begin(&gathering->request.head, HTTP1_REQUEST, gathering->fields);
	return gathering;
}

static int make_room(struct gathering *gathering)
{
	u8 *data = krealloc(gathering->data, HTTP1_HEAD_MAX, GFP_KERNEL | __GFP_ZERO);

	if (!data)
		return -ENOMEM;
	memset(data + gathering->room, 0, HTTP1_HEAD_MAX - gathering->room);
	gathering->data = data;
	gathering->room = HTTP1_HEAD_MAX;
	return 0;
}

/* Reads on in the head from a message, of which nothing is taken away. Returns how much was read. */
static int read_message(struct gathering *gathering, const struct msghdr *message)
{
	struct http1_head *head = &gathering->request.head;
	struct iov_iter rest = message->msg_iter;
	int read = 0;

	while (iov_iter_count(&rest) && head->verdict == HTTP1_MORE) {
		u32 at = gathering->kept + read;
		size_t piece;

		/* What was read so far was read: a short count, as of any send. */
		if (at == gathering->room && make_room(gathering))
			return read ?: -ENOMEM;
		piece = copy_from_iter(gathering->data + at, gathering->room - at, &rest);
		if (!piece)
			return read ?: -EFAULT;
		http1_head_read(head, gathering->data + at, piece);
		read += piece;
	}
	return read;
}

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

/* The head is there, or it is clear that there will be none. */
static int decide(struct sock *sk, struct deferral *deferral)
{
	struct gathering *gathering = deferral->gathering;
	int answer = router_ask(gathering), error;

	count_reason(sk, gathering->request.head.reason);
	if (answer == -ENOENT || (!answer && !gathering->chosen)) {
		count(sk, COUNT_DEFAULT);
		return dial_fallback(sk, deferral);
	}
	if (answer) {
		count(sk, COUNT_REJECTED);
		return fail(sk, deferral, answer < 0 && answer >= -MAX_ERRNO ? answer : -ECONNREFUSED);
	}
	error = fit_address(sk, &gathering->to);
	if (error)
		return fail(sk, deferral, error);
	count(sk, COUNT_ROUTED);
	return dial(sk, deferral, &gathering->to,
		    sk->sk_family == AF_INET6 ? sizeof(gathering->to.v6) : sizeof(gathering->to.v4));
}

int deferral_gather(struct sock *sk, struct msghdr *message)
{
	struct deferral *deferral = deferral_of(sk);
	int read;

	if (!deferral->gathering)
		deferral->gathering = new_gathering(deferral->tag);
	if (!deferral->gathering)
		return -ENOMEM;
	read = read_message(deferral->gathering, message);
	if (read < 0)
		return read;
	if (deferral->gathering->request.head.verdict != HTTP1_MORE)
		return decide(sk, deferral);
	iov_iter_advance(&message->msg_iter, read);
	deferral->gathering->kept += read;
	return read;
}

/*
 * Sends what was kept, as far as TCP takes it without waiting: another thread that came in meanwhile would send the
 * same. 0: all of it.
 */
static int flush(struct sock *sk, struct deferral *deferral, int flags)
{
	struct gathering *gathering = deferral->gathering;
	u32 at = 0;
	int sent = 0;

	while (gathering && at < gathering->kept) {
		struct kvec piece = {gathering->data + at, gathering->kept - at};
		struct msghdr message = {.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL | flags};

		iov_iter_kvec(&message.msg_iter, ITER_SOURCE, &piece, 1, piece.iov_len);
		sent = tcp_sendmsg_locked(sk, &message, piece.iov_len);
		if (sent < 0)
			break;
		at += sent;
	}
	if (gathering && at) {
		gathering->kept -= at;
		memmove(gathering->data, gathering->data + at, gathering->kept);
	}
	return sent < 0 ? sent : 0;
}

int deferral_finish(struct sock *sk, int flags)
{
	long timeout = sock_sndtimeo(sk, flags & MSG_DONTWAIT);
	struct deferral *deferral;
	int error = 0;

	/* Who waits gives the lock away: another thread, or the work, may have finished it. */
	while (!error && (deferral = deferral_of(sk))) {
		if (deferral->shutdown & SEND_SHUTDOWN)
			return -EPIPE;
		if ((1 << sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV)) {
			error = sk_stream_wait_connect(sk, &timeout);
			continue;
		}
		error = flush(sk, deferral, MSG_MORE);
		if (!error)
			detach(sk, deferral);
		else if (error == -EAGAIN)
			error = timeout ? sk_stream_wait_memory(sk, &timeout) : -EAGAIN;
	}
	return error;
}

int deferral_shutdown(struct sock *sk, int how)
{
	struct deferral *deferral = deferral_of(sk);

	deferral->shutdown |= how;
	if (!deferral_is_gathering(sk))
		return 0;
	count(sk, COUNT_SHUT_DOWN);
	return dial_fallback(sk, deferral);
}

/* --- what nobody waits for --- */

static void shut_down(struct sock *sk, int how)
{
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | how);
	sk->sk_prot->shutdown(sk, how);
	sk->sk_state_change(sk);
}

static void finish_in_background(struct sock *sk, struct deferral *deferral)
{
	int how = deferral->shutdown;

	if ((1 << sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV))
		return;
	if (flush(sk, deferral, 0) == -EAGAIN) {
		deferral_queue_work(deferral, RETRY_JIFFIES);
		return;
	}
	detach(sk, deferral);
	if (how && sk->sk_state != TCP_CLOSE)
		shut_down(sk, how);
}

static void grace_is_over(struct sock *sk, struct deferral *deferral)
{
	int error;

	count(sk, COUNT_GRACE);
	error = dial_fallback(sk, deferral);
	if (!error)
		return;
	WRITE_ONCE(sk->sk_err, -error);
	sk_error_report(sk);
}

static void deferral_work(struct work_struct *work)
{
	struct deferral *deferral = container_of(to_delayed_work(work), struct deferral, work);
	struct sock *sk = deferral->sk;

	lock_sock(sk);
	if (deferral_of(sk) == deferral) {
		if (deferral_is_gathering(sk))
			grace_is_over(sk, deferral);
		else if (deferral->state == CONNECTING)
			finish_in_background(sk, deferral);
	}
	release_sock(sk);
	sock_put(sk);
	deferral_put(deferral);
}

int deferrals_init(void)
{
	deferral_queue = alloc_workqueue("undermesh", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return deferral_queue ? 0 : -ENOMEM;
}

void deferrals_exit(void)
{
	destroy_workqueue(deferral_queue);
}
