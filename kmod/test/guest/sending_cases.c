// SPDX-License-Identifier: GPL-2.0-only
/* The ways in which a request is sent. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bed.h"
#include "cases.h"
#include "clients.h"

static int wait_for(int epoll, int timeout_ms)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, timeout_ms) == 1 ? (int)event.events : 0;
}

static int watch(int fd, unsigned int events)
{
	struct epoll_event event = {.events = events};
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	expect(epoll >= 0 && !epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	return epoll;
}

/* Sends as programs do that never wait. */
static void send_by_epoll(int fd, int epoll, const char *text)
{
	size_t length = strlen(text);

	while (length) {
		ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);

		if (sent < 0) {
			expect(errno == EAGAIN);
			expect(wait_for(epoll, 5000) & EPOLLOUT);
			continue;
		}
		text += sent;
		length -= sent;
	}
}

static void receive_by_epoll(int fd, int epoll, char letter)
{
	char text[512];
	ssize_t got;

	while ((got = recv(fd, text, sizeof(text), 0)) < 0) {
		expect(errno == EAGAIN);
		expect(wait_for(epoll, 5000));
	}
	expect(got > 6 && text[got - 2] == letter);
}

static void works_without_waiting(unsigned int edge)
{
	int fd = connect_to(PORT_PATIENT, SOCK_NONBLOCK), error = -1, i;
	int epoll = watch(fd, EPOLLIN | EPOLLOUT | edge);
	socklen_t length = sizeof(error);

	expect(wait_for(epoll, 1000) == EPOLLOUT);
	expect(!getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) && error == 0);
	for (i = 0; i < 3; i++) {
		send_by_epoll(fd, epoll, request_for("/a", NULL));
		receive_by_epoll(fd, epoll, 'A');
	}
}

static void works_with_epoll_level(void)
{
	works_without_waiting(0);
}

static void works_with_epoll_edge(void)
{
	works_without_waiting(EPOLLET);
}

static void works_with_select(void)
{
	int fd = connect_to(PORT_PATIENT, SOCK_NONBLOCK), tries;
	const char *text = request_for("/a", NULL);
	ssize_t sent = -1;
	fd_set set;

	for (tries = 0; tries < 2 && sent < 0; tries++) {
		FD_ZERO(&set);
		FD_SET(fd, &set);
		expect(select(fd + 1, NULL, &set, NULL, &(struct timeval){.tv_sec = 5}) == 1);
		sent = send(fd, text, strlen(text), 0);
	}
	expect(sent == (ssize_t)strlen(text));
	FD_ZERO(&set);
	FD_SET(fd, &set);
	expect(select(fd + 1, &set, NULL, NULL, &(struct timeval){.tv_sec = 5}) == 1);
	expect(answer_of(fd) == 'A');
}

static void is_refused_without_waiting(void)
{
	int fd = connect_to(PORT_PATIENT, SOCK_NONBLOCK), error = 0;
	int epoll = watch(fd, EPOLLOUT | EPOLLET);
	socklen_t length = sizeof(error);

	wait_for(epoll, 1000);
	expect(send(fd, request_for("/nobody", NULL), 36, MSG_NOSIGNAL) < 0);
	if (errno == EAGAIN) {
		expect(wait_for(epoll, 5000) & EPOLLERR);
		expect(!getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) && error == ECONNREFUSED);
	} else {
		expect(errno == ECONNREFUSED);
	}
}

static void takes_a_head_in_pieces(void)
{
	const char *text = request_for("/a", "X-Other: y");
	int fd = connect_to(PORT_PATIENT, 0);

	for (; *text; text++)
		expect(send(fd, text, 1, 0) == 1);
	expect(answer_of(fd) == 'A');
	expect(ask(fd, "/a", NULL) == 'A');
}

static void takes_a_head_in_pieces_without_waiting(void)
{
	const char *text = request_for("/a", "X-Other: y");
	int fd = connect_to(PORT_PATIENT, SOCK_NONBLOCK);
	int epoll = watch(fd, EPOLLIN | EPOLLOUT | EPOLLET);
	char piece[2] = "";

	for (; *text; text++) {
		piece[0] = *text;
		send_by_epoll(fd, epoll, piece);
	}
	receive_by_epoll(fd, epoll, 'A');
}

static void takes_a_head_cut_anywhere(void)
{
	const char *text = request_for("/a", NULL);
	size_t length = strlen(text), at;

	for (at = 1; at < length; at++) {
		int fd = connect_to(PORT_PATIENT, 0);

		expect(send(fd, text, at, 0) == (ssize_t)at);
		send_text(fd, text + at);
		expect(answer_of(fd) == 'A');
		close(fd);
	}
}

static void takes_a_large_head(void)
{
	static char field[12000] = "X-Large: ";
	static char text[13000];

	memset(field + 9, 'x', sizeof(field) - 10);
	snprintf(text, sizeof(text), "GET /a HTTP/1.1\r\nHost: shop\r\n%s\r\n\r\n", field);
	int fd = connect_to(PORT_PATIENT, 0);

	send_text(fd, text);
	expect(answer_of(fd) == 'A');
}

static void sends_a_large_body(void)
{
	static char body[1 << 20];
	int fd = connect_to(PORT_PATIENT, 0);

	memset(body, 'x', sizeof(body) - 1);
	send_text(fd, "POST /a HTTP/1.1\r\nHost: shop\r\nContent-Length: 1048575\r\n\r\n");
	send_text(fd, body);
	expect(answer_of(fd) == 'A');
}

static void sends_from_several_buffers(void)
{
	struct iovec pieces[] = {{"GET /a HT", 9}, {"TP/1.1\r\nHost: ", 14}, {"shop\r\n\r\n", 8}};
	int fd = connect_to(PORT_PATIENT, 0);

	expect(writev(fd, pieces, 3) == 31);
	expect(answer_of(fd) == 'A');
}

static void sends_a_file(void)
{
	const char *text = request_for("/a", NULL);
	int file = memfd_create("request", MFD_CLOEXEC), fd = connect_to(PORT_PATIENT, 0);
	off_t at = 0;

	expect(write(file, text, strlen(text)) == (ssize_t)strlen(text));
	expect(sendfile(fd, file, &at, strlen(text)) == (ssize_t)strlen(text));
	expect(answer_of(fd) == 'A');
}

static void sends_more_later(void)
{
	struct iovec piece = {"GET /a HTTP/1.1\r\nHost: shop\r\n", 29};
	struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
	int fd = connect_to(PORT_PATIENT, 0);

	expect(sendmsg(fd, &message, MSG_MORE) == 29);
	expect(send(fd, "X: y\r\n\r\n", 8, 0) == 8);
	expect(answer_of(fd) == 'A');
}

/* The number of the last send of which is heard that its memory may be used again; -1 when nothing is heard. */
static long last_released(int fd)
{
	char control[256];
	struct msghdr message = {.msg_control = control, .msg_controllen = sizeof(control)};
	struct sock_extended_err *told;

	if (recvmsg(fd, &message, MSG_ERRQUEUE))
		return -1;
	told = (struct sock_extended_err *)CMSG_DATA(CMSG_FIRSTHDR(&message));
	expect(told->ee_origin == SO_EE_ORIGIN_ZEROCOPY && !told->ee_errno);
	return told->ee_data;
}

/* In as many sends as it takes pieces: each is heard of, by its number. */
static void send_without_copying(size_t piece)
{
	const char *text = request_for("/a", NULL);
	size_t length = strlen(text), at;
	long sends = 0, released = -1;
	int fd = connect_to(PORT_PATIENT, 0), one = 1, tries;

	expect(!setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)));
	for (at = 0; at < length; at += piece, sends++) {
		size_t rest = length - at;
		ssize_t size = rest < piece ? rest : piece;

		expect(send(fd, text + at, size, MSG_ZEROCOPY) == size);
	}
	expect(answer_of(fd) == 'A');
	for (tries = 0; tries < 500 && released < sends - 1; tries++) {
		long last = last_released(fd);

		if (last < 0)
			usleep(10000);
		released = last > released ? last : released;
	}
	expect(released == sends - 1);
}

static void sends_without_copying(void)
{
	send_without_copying(1000);
}

static void sends_pieces_without_copying(void)
{
	send_without_copying(10);
}

static void sends_from_a_pipe(void)
{
	const char *text = request_for("/a", NULL);
	int fd = connect_to(PORT_PATIENT, 0), ends[2];
	ssize_t length = strlen(text);

	expect(!pipe(ends) && write(ends[1], text, length) == length);
	expect(splice(ends[0], NULL, fd, NULL, length, 0) == length);
	expect(answer_of(fd) == 'A');
}

static void answers_into_a_pipe(void)
{
	int fd = connect_to(PORT_PATIENT, 0), ends[2];
	char text[512] = "";
	ssize_t got;

	send_text(fd, request_for("/a", NULL));
	expect(!pipe(ends) && splice(fd, NULL, ends[1], NULL, sizeof(text), 0) > 0);
	got = read(ends[0], text, sizeof(text));
	expect(got > 6 && text[got - 2] == 'A');
}

static void sends_to_an_address_it_ignores(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	const char *text = request_for("/a", NULL);
	int fd = connect_to(PORT_PATIENT, 0);

	expect(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&address, sizeof(address)) ==
	       (ssize_t)strlen(text));
	expect(answer_of(fd) == 'A');
}

static void is_used_by_another_descriptor(void)
{
	int fd = connect_to(PORT_PATIENT, 0), other = dup(fd);

	close(fd);
	expect(ask(other, "/a", NULL) == 'A');
}

/* Gives a descriptor away, and itself keeps none. */
static void is_passed_to_another_process(void)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, byte = 'x';
	struct iovec piece = {&byte, 1};
	struct msghdr message = {.msg_iov = &piece,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	int pair[2], fd = connect_to(PORT_PATIENT, 0), status;
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	pid_t child;

	expect(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	child = fork();
	if (!child) {
		close(fd);
		expect(recvmsg(pair[1], &message, 0) == 1);
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
		_exit(ask(fd, "/a", NULL) != 'A');
	}
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	expect(sendmsg(pair[0], &message, 0) == 1);
	close(fd);
	expect(waitpid(child, &status, 0) == child && status == 0);
}

static void sends_in_a_child(void)
{
	int fd = connect_to(PORT_PATIENT, 0), status;
	pid_t child = fork();

	if (!child) {
		send_text(fd, request_for("/a", NULL));
		_exit(0);
	}
	expect(waitpid(child, &status, 0) == child && status == 0);
	expect(answer_of(fd) == 'A');
}

const struct test_case sending_cases[] = {
	CASE(works_with_epoll_level),
	CASE(works_with_epoll_edge),
	CASE(works_with_select),
	CASE(is_refused_without_waiting),
	CASE(takes_a_head_in_pieces),
	CASE(takes_a_head_in_pieces_without_waiting),
	CASE(takes_a_head_cut_anywhere),
	CASE(takes_a_large_head),
	CASE(sends_a_large_body),
	CASE(sends_from_several_buffers),
	CASE(sends_a_file),
	CASE(sends_more_later),
	CASE(sends_without_copying),
	CASE(sends_pieces_without_copying),
	CASE(sends_from_a_pipe),
	CASE(answers_into_a_pipe),
	CASE(sends_to_an_address_it_ignores),
	CASE(is_used_by_another_descriptor),
	CASE(is_passed_to_another_process),
	CASE(sends_in_a_child),
	{},
};
