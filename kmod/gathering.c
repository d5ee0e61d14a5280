// SPDX-License-Identifier: GPL-2.0-only
#include <linux/slab.h>
#include <linux/sock_diag.h>
#include <linux/uio.h>

#include "gathering.h"

u64 cookie_of(struct sock *sk)
{
	u32 halves[2];

	sock_diag_save_cookie(sk, halves);
	return halves[0] | (u64)halves[1] << 32;
}

struct gathering *gathering_new(struct sock *sk, u32 owner, u32 tag)
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
	gathering->request.socket_cookie = cookie_of(sk);
	gathering->request.owner = owner;
	gathering->request.tag = tag;
	return gathering;
}

void gathering_free(struct gathering *gathering)
{
	if (!gathering)
		return;
	kfree(gathering->data);
	kfree(gathering);
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

/* Whether a message begins with what the head has behind the pieces that are kept. */
static bool begins_with_head(const struct gathering *gathering, const struct msghdr *message)
{
	struct iov_iter rest = message->msg_iter;
	u32 at = gathering->kept, length = gathering->request.head.length;
	u8 piece[256];

	while (at < length) {
		size_t some = min_t(size_t, sizeof(piece), length - at);

		if (copy_from_iter(piece, some, &rest) != some || memcmp(piece, gathering->data + at, some))
			return false;
		at += some;
	}
	return true;
}

int gathering_read(struct gathering *gathering, const struct msghdr *message)
{
	struct http1_head *head = &gathering->request.head;
	struct iov_iter rest = message->msg_iter;
	int read = 0;

	if (!gathering->kept) {
		/* A program that says the same again, to the last byte, is answered by what was read before. */
		if (head->verdict == HTTP1_COMPLETE && begins_with_head(gathering, message))
			return head->length;
		http1_head_begin(head, HTTP1_REQUEST, gathering->fields);
	}
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

void gathering_take(struct gathering *gathering, struct msghdr *message, u32 length)
{
	iov_iter_advance(&message->msg_iter, length);
	gathering->kept += length;
}

bool gathering_is_repeated(struct gathering *gathering, const struct msghdr *message)
{
	struct http1_head *head = &gathering->request.head;

	if (begins_with_head(gathering, message))
		return true;
	gathering->decided = false;
	http1_head_begin(head, HTTP1_REQUEST, gathering->fields);
	http1_head_read(head, gathering->data, gathering->kept);
	return false;
}

struct gathering *gathering_of(struct undermesh_request *request)
{
	return container_of(request, struct gathering, request);
}

int gathering_choose(struct gathering *gathering, const void *address, u32 length, u16 port)
{
	union address *to = &gathering->to;

	if (length != sizeof(to->v4.sin_addr) && length != sizeof(to->v6.sin6_addr))
		return -EINVAL;
	memset(to, 0, sizeof(*to));
	if (length == sizeof(to->v4.sin_addr)) {
		to->v4.sin_family = AF_INET;
		to->v4.sin_port = (__force __be16)port;
		memcpy(&to->v4.sin_addr, address, length);
	} else {
		to->v6.sin6_family = AF_INET6;
		to->v6.sin6_port = (__force __be16)port;
		memcpy(&to->v6.sin6_addr, address, length);
	}
	gathering->chosen = true;
	return 0;
}
