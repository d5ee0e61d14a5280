// SPDX-License-Identifier: GPL-2.0-only
#include <linux/atomic.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/rcupdate.h>
#include <linux/wait.h>
#include <net/inet_common.h>
#include <net/tcp.h>
#include <net/transp_v6.h>

#include "deferral.h"
#include "operations.h"

static struct operations v4, v6;

/*
 * Tasks that run one of the operations below. Each deferral holds a reference to the module, but a deferral may end
 * while a task is in here, waiting for the lock or for TCP. So each of them holds one as well, by which unloading is
 * refused, and is counted: one that comes when unloading has begun already is waited for.
 */
static atomic_t users = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(users_wait);

static void enter(void)
{
	atomic_inc(&users);
	__module_get(THIS_MODULE);
}

static void leave(void)
{
	module_put(THIS_MODULE);
	if (atomic_dec_and_test(&users))
		wake_up(&users_wait);
}

/* A task that has read a pointer to an operation, or is about to return from one, has not yet slept since. */
void operations_drain(void)
{
	synchronize_rcu_tasks();
	wait_event(users_wait, !atomic_read(&users));
	synchronize_rcu_tasks();
}

/* --- struct proto --- */

/* The caller holds the lock. */
static int deferred_connect(struct sock *sk, struct sockaddr *address, int length)
{
	int result;

	enter();
	result = deferral_begin(sk, address, length);
	leave();
	return result;
}

static int send_locked(struct sock *sk, struct msghdr *message, size_t size)
{
	int result;

	if (deferral_is_gathering(sk)) {
		result = deferral_gather(sk, message);
		if (result < 0 || deferral_is_gathering(sk))
			return result;
	}
	result = deferral_finish(sk, message->msg_flags);
	return result ? sk_stream_error(sk, message->msg_flags, result)
		      : tcp_sendmsg_locked(sk, message, size);
}

static int deferred_sendmsg(struct sock *sk, struct msghdr *message, size_t size)
{
	int result;

	enter();
	lock_sock(sk);
	result = send_locked(sk, message, size);
	release_sock(sk);
	leave();
	return result;
}

static void deferred_close(struct sock *sk, long timeout)
{
	enter();
	lock_sock(sk);
	deferral_end(sk);
	release_sock(sk);
	sk->sk_prot->close(sk, timeout);
	leave();
}

/* The caller holds the lock. */
static int deferred_disconnect(struct sock *sk, int flags)
{
	int result;

	enter();
	deferral_end(sk);
	result = sk->sk_prot->disconnect(sk, flags);
	leave();
	return result;
}

/* --- struct proto_ops --- */

static const struct proto_ops *tcp_socket_of(const struct socket *socket)
{
	return socket->sk->sk_family == AF_INET6 ? v6.tcp_socket : v4.tcp_socket;
}

/* Of TCP's own, which would wait for a connection that nobody has begun. */
static int deferred_connect_again(struct socket *socket, struct sockaddr *address, int length, int flags)
{
	struct sock *sk = socket->sk;
	bool gathering;
	int result = -EISCONN;

	enter();
	lock_sock(sk);
	gathering = deferral_is_gathering(sk);
	release_sock(sk);
	if (!gathering || length < (int)sizeof(address->sa_family) || address->sa_family == AF_UNSPEC)
		result = tcp_socket_of(socket)->connect(socket, address, length, flags);
	leave();
	return result;
}

static int deferred_shutdown(struct socket *socket, int how)
{
	struct sock *sk = socket->sk;
	bool ours = false;
	int result = 0;

	enter();
	lock_sock(sk);
	/* As inet_shutdown() has it: SHUT_RD and its like begin at 0. */
	if (deferral_of(sk) && how >= SHUT_RD && how <= SHUT_RDWR && sk->sk_state != TCP_CLOSE) {
		ours = true;
		result = deferral_shutdown(sk, how + 1);
	}
	release_sock(sk);
	if (!ours)
		result = tcp_socket_of(socket)->shutdown(socket, how);
	leave();
	return result;
}

/* The application is told the address that it asked for. */
static int deferred_getname(struct socket *socket, struct sockaddr *address, int peer)
{
	struct sock *sk = socket->sk;
	int result = 0;

	enter();
	lock_sock(sk);
	if (peer && deferral_is_gathering(sk)) {
		result = sk->sk_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
		memcpy(address, &deferral_of(sk)->asked, result);
	}
	release_sock(sk);
	if (!result)
		result = tcp_socket_of(socket)->getname(socket, address, peer);
	leave();
	return result;
}

/* --- which a socket has --- */

bool operations_are_deferred(const struct sock *sk)
{
	const struct proto *proto = READ_ONCE(sk->sk_prot);

	return proto == &v4.deferred || proto == &v6.deferred;
}

const struct operations *operations_for(const struct sock *sk)
{
	const struct operations *operations = sk->sk_family == AF_INET6 ? &v6 : &v4;

	if (!sk->sk_socket || !operations->tcp || sk->sk_prot != operations->tcp ||
	    sk->sk_socket->ops != operations->tcp_socket)
		return NULL;
	return operations;
}

void operations_defer(struct sock *sk, const struct operations *operations)
{
	WRITE_ONCE(sk->sk_socket->ops, &operations->deferred_socket);
	/* Pairs with the readers of sk_prot that hold no lock: sk_user_data was set before. */
	smp_store_release(&sk->sk_prot, (struct proto *)&operations->deferred);
}

void operations_restore(struct sock *sk, const struct operations *operations)
{
	WRITE_ONCE(sk->sk_prot, operations->tcp);
	if (sk->sk_socket)
		WRITE_ONCE(sk->sk_socket->ops, operations->tcp_socket);
}

static void make_operations(struct operations *operations, struct proto *tcp,
			    const struct proto_ops *tcp_socket)
{
	operations->tcp_socket = tcp_socket;
	operations->deferred = *tcp;
	operations->deferred.connect = deferred_connect;
	operations->deferred.sendmsg = deferred_sendmsg;
	operations->deferred.close = deferred_close;
	operations->deferred.disconnect = deferred_disconnect;
	operations->deferred_socket = *tcp_socket;
	operations->deferred_socket.connect = deferred_connect_again;
	operations->deferred_socket.shutdown = deferred_shutdown;
	operations->deferred_socket.getname = deferred_getname;
	operations->tcp = tcp;
}

/* inet6_stream_ops is not exported: a socket that is made and closed has them. */
static int find_v6(void)
{
	struct socket *socket;
	int error = sock_create_kern(&init_net, AF_INET6, SOCK_STREAM, IPPROTO_TCP, &socket);

	if (error == -EAFNOSUPPORT)
		return 0;
	if (error)
		return error;
	make_operations(&v6, socket->sk->sk_prot, socket->ops);
	sock_release(socket);
	return 0;
}

int operations_init(void)
{
	make_operations(&v4, &tcp_prot, &inet_stream_ops);
	return find_v6();
}
