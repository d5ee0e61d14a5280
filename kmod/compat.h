/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between the kernels that the module is built for, v6.1 and later. */
#ifndef UNDERMESH_COMPAT_H
#define UNDERMESH_COMPAT_H

#include <linux/version.h>
#include <net/inet_sock.h>

/* v6.6: f04b8d3478a3 ("inet: move inet->defer_connect to inet->inet_flags") */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define inet_set_bit(bit, sk)	inet_set_##bit(sk, 1)
#define inet_clear_bit(bit, sk) inet_set_##bit(sk, 0)
#define inet_test_bit(bit, sk)	inet_get_##bit(sk)

static inline void inet_set_DEFER_CONNECT(struct sock *sk, u8 value)
{
	inet_sk(sk)->defer_connect = value;
}

static inline bool inet_get_DEFER_CONNECT(const struct sock *sk)
{
	return inet_sk(sk)->defer_connect;
}
#endif

/*
 * v6.5: dc97391e6610 ("sock: Remove ->sendpage*() in favour of sendmsg(MSG_SPLICE_PAGES)"). A protocol without it is sent
 * a page by sendmsg().
 */
static inline void send_pages_by_sendmsg(struct proto *proto)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
	proto->sendpage = NULL;
#endif
}

#endif
