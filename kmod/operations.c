// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>
#include <linux/net.h>
#include <linux/delay.h>
#include <linux/rcupdate.h>
#include <net/inet_common.h>
#include <net/tcp.h>
#include <net/transp_v6.h>

#include "compat.h"
#include "counters.h"
#include "connection.h"
#include "deferral.h"
#include "following.h"
#include "leaving.h"
#include "operations.h"
#include "requests.h"

static struct operations v4, v6;

/*
 * Tasks that run one of the operations below. Each deferral holds a reference to the module, and so does an operation that
 * may wait for long, as it holds one to its deferral. But it may wait for the socket's lock before it has, and leaves after
 * it has given it back.
 */
static void enter(void)
{
	gauge_add(GAUGE_OPERATIONS, 1);
}

static void leave(void)
{
	gauge_add(GAUGE_OPERATIONS, -1);
}

/* A task that has read a pointer to an operation, or is about to return from one, has not yet slept since. */
void operations_drain(void)
{
	synchronize_rcu_tasks();
	while (gauge_read(GAUGE_OPERATIONS))
		msleep(20);
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

static int deferred_sendmsg(struct sock *sk, struct msghdr *message, size_t size)
{
	int result;

	enter();
	lock_sock(sk);
	result = requests_send(sk, message);
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

/* Those that have TCP's operations replaced, by others than ours, or change the family: they want to find TCP's own. */
static bool wants_tcp(int level, int option)
{
	return (level == SOL_TCP && (option == TCP_ULP || option == TCP_REPAIR)) ||
	       (level == SOL_IPV6 && option == IPV6_ADDRFORM);
}

/* Before TCP is connected none of these can be had; later they get a socket that is TCP's own again. */
static int make_way(struct sock *sk)
{
	struct deferral *deferral;
	int error = 0;

	lock_sock(sk);
	deferral = deferral_of(sk);
	if (deferral && (deferral->state == GATHERING || deferral->state == CONNECTING)) {
		error = -ENOTCONN;
	} else if (deferral) {
		deferral_stay(deferral, STAYS_TAKEN);
		deferral_end(sk);
	}
	release_sock(sk);
	return error;
}

/* Not of the protocol: programs of BPF may set options of sockets only whose protocol has TCP's own. */
static int deferred_setsockopt(struct socket *socket, int level, int option, sockptr_t value,
			       unsigned int length)
{
	int result = 0;

	enter();
	if (wants_tcp(level, option))
		result = make_way(socket->sk);
	if (!result)
		result = tcp_socket_of(socket)->setsockopt(socket, level, option, value, length);
	leave();
	return result;
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
		result = connection_shutdown(deferral_of(sk), how + 1);
	}
	release_sock(sk);
	if (!ours)
		result = tcp_socket_of(socket)->shutdown(socket, how);
	leave();
	return result;
}

/*
 * What looks like an end is looked at again with the lock held: a socket that leaves a connection for another one looks so
 * on its way, and nobody is to see it. And before it leaves it takes nothing, though TCP has room.
 */
static __poll_t deferred_poll(struct file *file, struct socket *socket, struct poll_table_struct *wait)
{
	struct sock *sk = socket->sk;
	__poll_t events;

	enter();
	events = tcp_poll(file, socket, wait);
	if (events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)) {
		lock_sock(sk);
		events = tcp_poll(file, socket, NULL);
		release_sock(sk);
	}
	if (events & EPOLLOUT && following_awaits_acknowledgement(sk)) {
		lock_sock(sk);
		if (deferral_of(sk) && leaving_is_waited_for(deferral_of(sk)))
			events &= ~(EPOLLOUT | EPOLLWRNORM);
		release_sock(sk);
	}
	leave();
	return events;
}

static bool is_between_connections(const struct sock *sk)
{
	return deferral_of(sk) && (1 << sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV);
}

/* As long as there is no connection the application is told the address that it asked for. */
static int deferred_getname(struct socket *socket, struct sockaddr *address, int peer)
{
	struct sock *sk = socket->sk;
	int result = 0;

	enter();
	lock_sock(sk);
	if (peer && is_between_connections(sk)) {
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
	send_pages_by_sendmsg(&operations->deferred);
	operations->deferred_socket = *tcp_socket;
	operations->deferred_socket.connect = deferred_connect_again;
	operations->deferred_socket.shutdown = deferred_shutdown;
	operations->deferred_socket.getname = deferred_getname;
	operations->deferred_socket.setsockopt = deferred_setsockopt;
	operations->deferred_socket.poll = deferred_poll;
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
