// SPDX-License-Identifier: GPL-2.0-only
/* io_uring by its system calls: what the kernel does with a socket for a program that makes none. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bed.h"
#include "cases.h"
#include "clients.h"

#define ENTRIES 8

struct ring {
	int fd;
	struct io_uring_params params;
	uint8_t *submitted, *completed;
	struct io_uring_sqe *entries;
};

static void *map(const struct ring *ring, size_t size, off_t what)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, what);

	expect(at != MAP_FAILED);
	return at;
}

static struct ring open_ring(unsigned int flags)
{
	struct ring ring = {.params.flags = flags};
	const struct io_uring_params *params = &ring.params;

	ring.fd = syscall(SYS_io_uring_setup, ENTRIES, &ring.params);
	expect(ring.fd >= 0);
	ring.submitted =
		map(&ring, params->sq_off.array + params->sq_entries * sizeof(uint32_t), IORING_OFF_SQ_RING);
	ring.completed = map(&ring, params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe),
			     IORING_OFF_CQ_RING);
	ring.entries = map(&ring, params->sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	return ring;
}

static uint32_t *word(uint8_t *ring, uint32_t offset)
{
	return (uint32_t *)(ring + offset);
}

/* Queues an operation behind those that were queued. */
static void queue(struct ring *ring, struct io_uring_sqe operation)
{
	uint32_t *tail = word(ring->submitted, ring->params.sq_off.tail);
	uint32_t slot = *tail & (ring->params.sq_entries - 1);

	ring->entries[slot] = operation;
	word(ring->submitted, ring->params.sq_off.array)[slot] = slot;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
}

/* Submits what was queued, and waits until all of it is done. */
static void submit(struct ring *ring, unsigned int count)
{
	expect(syscall(SYS_io_uring_enter, ring->fd, count, count, IORING_ENTER_GETEVENTS, NULL, 0) ==
	       (long)count);
}

/* The result of the operation that was queued with this number; the others stay. */
static int result_of(struct ring *ring, uint64_t number)
{
	uint32_t head = *word(ring->completed, ring->params.cq_off.head);
	uint32_t tail = __atomic_load_n(word(ring->completed, ring->params.cq_off.tail), __ATOMIC_ACQUIRE);
	struct io_uring_cqe *results = (void *)(ring->completed + ring->params.cq_off.cqes);

	for (; head != tail; head++) {
		struct io_uring_cqe *result = &results[head & (ring->params.cq_entries - 1)];

		if (result->user_data == number)
			return result->res;
	}
	fail("operation %llu is not done", (unsigned long long)number);
}

static int do_one(struct ring *ring, struct io_uring_sqe operation)
{
	static uint64_t number = 100;
	int result;

	operation.user_data = number++;
	queue(ring, operation);
	submit(ring, 1);
	result = result_of(ring, operation.user_data);
	__atomic_store_n(word(ring->completed, ring->params.cq_off.head),
			 __atomic_load_n(word(ring->completed, ring->params.cq_off.tail), __ATOMIC_ACQUIRE),
			 __ATOMIC_RELEASE);
	return result;
}

static const struct sockaddr_in service = {.sin_family = AF_INET,
					   .sin_port = 0x5000 /* PORT_PATIENT */,
					   .sin_addr.s_addr = 0x6400007f /* SERVICE_ADDRESS */};

static struct io_uring_sqe operation(uint8_t code, int fd, const void *data, uint32_t length)
{
	return (struct io_uring_sqe){.opcode = code, .fd = fd, .addr = (uintptr_t)data, .len = length};
}

static int open_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	expect(fd >= 0 && service.sin_port == htons(PORT_PATIENT) &&
	       service.sin_addr.s_addr == htonl(SERVICE_ADDRESS));
	return fd;
}

static int connect_by_ring(struct ring *ring, int fd)
{
	struct io_uring_sqe connect = operation(IORING_OP_CONNECT, fd, &service, 0);

	connect.off = sizeof(service);
	return do_one(ring, connect);
}

static void expect_answer(struct ring *ring, int fd, char letter)
{
	char answer[512];
	int got = do_one(ring, operation(IORING_OP_RECV, fd, answer, sizeof(answer)));

	expect(got > 6 && answer[got - 2] == letter);
}

static void asks_by_ring(unsigned int flags)
{
	struct ring ring = open_ring(flags);
	const char *text = request_for("/a", NULL);
	int fd = open_socket(), length = strlen(text), i;

	expect(!connect_by_ring(&ring, fd));
	for (i = 0; i < 3; i++) {
		expect(do_one(&ring, operation(IORING_OP_SEND, fd, text, length)) == length);
		expect_answer(&ring, fd, 'A');
	}
}

static void asks_by_io_uring(void)
{
	asks_by_ring(0);
}

static void asks_by_io_uring_that_defers(void)
{
	asks_by_ring(IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
}

/* In threads of the kernel. */
static void asks_by_io_uring_elsewhere(void)
{
	struct ring ring = open_ring(0);
	const char *text = request_for("/a", NULL);
	int fd = open_socket(), length = strlen(text);
	struct io_uring_sqe send = operation(IORING_OP_SEND, fd, text, length);

	send.flags = IOSQE_ASYNC;
	expect(!connect_by_ring(&ring, fd));
	expect(do_one(&ring, send) == length);
	expect_answer(&ring, fd, 'A');
}

static void asks_by_io_uring_in_a_chain(void)
{
	struct ring ring = open_ring(0);
	const char *text = request_for("/a", NULL);
	int fd = open_socket(), length = strlen(text), got;
	struct io_uring_sqe connect = operation(IORING_OP_CONNECT, fd, &service, 0),
			    send = operation(IORING_OP_SEND, fd, text, length), receive;
	char answer[512];

	connect.off = sizeof(service);
	connect.flags = send.flags = IOSQE_IO_LINK;
	receive = operation(IORING_OP_RECV, fd, answer, sizeof(answer));
	connect.user_data = 1;
	send.user_data = 2;
	receive.user_data = 3;
	queue(&ring, connect);
	queue(&ring, send);
	queue(&ring, receive);
	submit(&ring, 3);
	expect(!result_of(&ring, 1) && result_of(&ring, 2) == length);
	got = result_of(&ring, 3);
	expect(got > 6 && answer[got - 2] == 'A');
}

/* A receive that waits before anything was sent. */
static void receives_by_io_uring_before_it_sends(void)
{
	struct ring ring = open_ring(0);
	const char *text = request_for("/a", NULL);
	int fd = open_socket(), length = strlen(text), got;
	struct io_uring_sqe receive, send = operation(IORING_OP_SEND, fd, text, length);
	char answer[512];

	expect(!connect_by_ring(&ring, fd));
	receive = operation(IORING_OP_RECV, fd, answer, sizeof(answer));
	receive.user_data = 1;
	send.user_data = 2;
	queue(&ring, receive);
	queue(&ring, send);
	submit(&ring, 2);
	got = result_of(&ring, 1);
	expect(result_of(&ring, 2) == length);
	expect(got > 6 && answer[got - 2] == 'A');
}

static void sends_messages_by_io_uring(void)
{
	struct iovec pieces[] = {{"GET /a HT", 9}, {"TP/1.1\r\nHost: ", 14}, {"shop\r\n\r\n", 8}};
	struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 3};
	struct ring ring = open_ring(0);
	int fd = open_socket();

	expect(!connect_by_ring(&ring, fd));
	expect(do_one(&ring, operation(IORING_OP_SENDMSG, fd, &message, 1)) == 31);
	expect_answer(&ring, fd, 'A');
}

static void is_refused_by_io_uring(void)
{
	struct ring ring = open_ring(0);
	const char *text = request_for("/nobody", NULL);
	int fd = open_socket();
	struct io_uring_sqe send = operation(IORING_OP_SEND, fd, text, strlen(text));

	send.msg_flags = MSG_NOSIGNAL;
	expect(!connect_by_ring(&ring, fd));
	expect(do_one(&ring, send) == -ECONNREFUSED);
}

const struct test_case uring_cases[] = {
	CASE(asks_by_io_uring),
	CASE(asks_by_io_uring_that_defers),
	CASE(asks_by_io_uring_elsewhere),
	CASE(asks_by_io_uring_in_a_chain),
	CASE(receives_by_io_uring_before_it_sends),
	CASE(sends_messages_by_io_uring),
	CASE(is_refused_by_io_uring),
	{},
};
