// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>
#include <linux/slab.h>
#include <net/tcp.h>

#include "compat.h"
#include "connection.h"
#include "deferral.h"
#include "following.h"

static struct workqueue_struct *deferral_queue;

void deferral_get(struct deferral *deferral)
{
	refcount_inc(&deferral->references);
}

void deferral_put(struct deferral *deferral)
{
	if (!refcount_dec_and_test(&deferral->references))
		return;
	gathering_free(deferral->gathering);
	kfree_rcu(deferral, rcu);
	gauge_add(GAUGE_DEFERRALS, -1);
	module_put(THIS_MODULE);
}

void deferral_queue_work(struct deferral *deferral, unsigned long delay)
{
	deferral_get(deferral);
	sock_hold(deferral->sk);
	if (queue_delayed_work(deferral_queue, &deferral->work, delay))
		return;
	sock_put(deferral->sk);
	refcount_dec(&deferral->references);
}

/* Work that runs already finds out by itself, once it has the lock, that it is not wanted. */
void deferral_cancel_work(struct deferral *deferral)
{
	if (!delayed_work_pending(&deferral->work) || !cancel_delayed_work(&deferral->work))
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

bool deferral_is_over(const struct deferral *deferral)
{
	const struct gathering *gathering = deferral->gathering;

	return deferral->state == CONNECTED && deferral->stays && !deferral->senders &&
	       !(gathering && (gathering->kept || gathering->decided));
}

void deferral_stay(struct deferral *deferral, enum stay why)
{
	if (deferral->stays)
		return;
	deferral->stays = true;
	count_stay(deferral->sk, why);
	following_end(deferral);
}

void deferral_detach(struct deferral *deferral)
{
	struct sock *sk = deferral->sk;

	deferral_cancel_work(deferral);
	inet_clear_bit(DEFER_CONNECT, sk);
	connection_forget(deferral);
	following_end(deferral);
	operations_restore(sk, deferral->operations);
	rcu_assign_sk_user_data(sk, NULL);
	deferral->attached = false;
	deferral_put(deferral);
}

void deferral_end(struct sock *sk)
{
	struct deferral *deferral = deferral_of(sk);

	if (!deferral)
		return;
	if (deferral_is_gathering(sk)) {
		count(sk, COUNT_ABANDONED);
		connection_unbegin(sk);
	} else {
		connection_flush_last(deferral);
	}
	deferral_detach(deferral);
}

/* --- its beginning --- */

static void deferral_work(struct work_struct *work)
{
	struct deferral *deferral = container_of(to_delayed_work(work), struct deferral, work);
	struct sock *sk = deferral->sk;

	lock_sock(sk);
	if (deferral_is_attached(deferral))
		connection_work(deferral);
	release_sock(sk);
	sock_put(sk);
	deferral_put(deferral);
}

int deferral_arm(struct sock *sk, const union address *asked, const struct deferral_terms *terms)
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
		gauge_add(GAUGE_DEFERRALS, 1);
		deferral->sk = sk;
		deferral->operations = operations;
		deferral->af_ops = inet_csk(sk)->icsk_af_ops;
		refcount_set(&deferral->references, 1);
		INIT_DELAYED_WORK(&deferral->work, deferral_work);
		http1_exchange_init(&deferral->exchange);
		deferral->attached = true;
		rcu_assign_sk_user_data(sk, deferral);
		operations_defer(sk, operations);
	}
	deferral->asked = *asked;
	deferral->terms = *terms;
	return 0;
}

int deferral_begin(struct sock *sk, struct sockaddr *address, int length)
{
	struct deferral *deferral = deferral_of(sk);

	memcpy(&deferral->fallback, address, min_t(size_t, length, sizeof(deferral->fallback)));
	deferral->state = GATHERING;
	inet_set_bit(DEFER_CONNECT, sk);
	WRITE_ONCE(sk->sk_state, TCP_SYN_SENT);
	if (deferral->terms.grace_ms)
		deferral_queue_work(deferral, msecs_to_jiffies(deferral->terms.grace_ms));
	count(sk, COUNT_DEFERRED);
	return 0;
}

bool deferral_is_gathering(const struct sock *sk)
{
	const struct deferral *deferral = deferral_of(sk);

	return deferral && deferral->state == GATHERING && sk->sk_state == TCP_SYN_SENT &&
	       inet_test_bit(DEFER_CONNECT, sk);
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
