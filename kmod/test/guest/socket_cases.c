// SPDX-License-Identifier: GPL-2.0-only
/* What else a program does with a socket. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bed.h"
#include "cases.h"
#include "clients.h"
#include "compare.h"
#include "servers.h"

static void is_refused(void)
{
	int fd = connect_to(PORT_PATIENT, 0);

	expect(send(fd, request_for("/nobody", NULL), 36, MSG_NOSIGNAL) < 0 && errno == ECONNREFUSED);
	expect(send(fd, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
}

static void is_rejected(void)
{
	int fd = connect_to(PORT_PATIENT, 0);
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN | POLLOUT};

	expect(send(fd, request_for("/reject", NULL), 36, MSG_NOSIGNAL) < 0 && errno == REJECTED);
	expect(send(fd, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
	expect(poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLHUP));
}

static void *receive(void *argument)
{
	static char letter;

	letter = answer_of(*(int *)argument);
	return &letter;
}

static void wakes_who_receives_already(void)
{
	int fd = connect_to(PORT_PATIENT, 0);
	pthread_t thread;
	void *letter;

	expect(!pthread_create(&thread, NULL, receive, &fd));
	usleep(100000);
	send_text(fd, request_for("/a", NULL));
	expect(!pthread_join(thread, &letter) && *(char *)letter == 'A');
}

static void waits_no_longer_than_it_was_told(void)
{
	struct timeval patience = {.tv_usec = 50000};
	int fd = connect_to(PORT_PATIENT, 0);
	char byte;

	expect(!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
	expect(recv(fd, &byte, 1, 0) < 0 && errno == EAGAIN);
	expect(recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	patience.tv_usec = 0;
	expect(!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
	expect(ask(fd, "/a", NULL) == 'A');
}

static void ignore(int signal)
{
	(void)signal;
}

static void is_interrupted(void)
{
	struct sigaction action = {.sa_handler = ignore};
	int fd = connect_to(PORT_PATIENT, 0);
	char byte;

	expect(!sigaction(SIGALRM, &action, NULL));
	alarm(1);
	expect(recv(fd, &byte, 1, 0) < 0 && errno == EINTR);
	expect(ask(fd, "/a", NULL) == 'A');
}

static void closes_without_a_word(void)
{
	unsigned long before = accepted_by(ENDPOINT_DEFAULT);
	int i;

	for (i = 0; i < 20; i++)
		close(connect_to(PORT_PATIENT, 0));
	usleep(200000);
	expect(accepted_by(ENDPOINT_DEFAULT) == before);
}

static void lingers_for_nobody(void)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 5};
	int fd = connect_to(PORT_PATIENT, 0);

	expect(!setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	send_text(fd, "GET /a");
	expect(!close(fd));
}

static void shuts_down_without_a_word(void)
{
	int fd = connect_to(PORT_PATIENT, 0);

	expect(!shutdown(fd, SHUT_WR));
	expect(answer_of(fd) == 'D');
}

static void is_told_the_address_it_asked_for(void)
{
	struct sockaddr_in peer = {};
	socklen_t length = sizeof(peer);
	int fd = connect_to(PORT_PATIENT, 0);

	expect(!getpeername(fd, (struct sockaddr *)&peer, &length));
	expect(length == sizeof(peer) && ntohl(peer.sin_addr.s_addr) == SERVICE_ADDRESS);
	expect(ntohs(peer.sin_port) == PORT_PATIENT);
}

/* Of its own address, before the first send, nothing is known: which endpoint it will be decides. */
static void has_an_address_once_it_has_an_endpoint(void)
{
	struct sockaddr_in own = {}, peer = {};
	socklen_t length = sizeof(own);
	int fd = connect_to(PORT_PATIENT, 0);

	expect(!getsockname(fd, (struct sockaddr *)&own, &length) && length == sizeof(own));
	expect(own.sin_family == AF_INET && !own.sin_addr.s_addr && !own.sin_port);
	expect(ask(fd, "/a", NULL) == 'A');
	expect(!getsockname(fd, (struct sockaddr *)&own, &length) && length == sizeof(own));
	expect(own.sin_addr.s_addr == htonl(INADDR_LOOPBACK) && own.sin_port);
	expect(!getpeername(fd, (struct sockaddr *)&peer, &length) && length == sizeof(peer));
	expect(peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK) && peer.sin_port == htons(ENDPOINT_A));
}

static void keeps_the_address_it_was_bound_to(void)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000007)}, now = {};
	socklen_t length = sizeof(own);
	int fd = new_socket(0);

	expect(!bind(fd, (struct sockaddr *)&own, sizeof(own)));
	expect(!getsockname(fd, (struct sockaddr *)&own, &length) && own.sin_port);
	expect(!connect_by(&(struct way){&target_a, true}, fd));
	expect(!getsockname(fd, (struct sockaddr *)&now, &length) && !memcmp(&own, &now, length));
	expect(ask(fd, "/a", NULL) == 'A');
	expect(!getsockname(fd, (struct sockaddr *)&now, &length) && !memcmp(&own, &now, length));
}

static void is_connected_already(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(PORT_PATIENT),
				      .sin_addr.s_addr = htonl(SERVICE_ADDRESS)};
	int fd = connect_to(PORT_PATIENT, 0);

	expect(connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 && errno == EISCONN);
	expect(ask(fd, "/a", NULL) == 'A');
	expect(connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 && errno == EISCONN);
}

static void connects_again_after_disconnecting(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(PORT_PATIENT),
				      .sin_addr.s_addr = htonl(SERVICE_ADDRESS)};
	struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
	int fd = connect_to(PORT_PATIENT, 0), i;

	for (i = 0; i < 3; i++) {
		expect(!connect(fd, &nowhere, sizeof(nowhere)));
		expect(!connect(fd, (struct sockaddr *)&address, sizeof(address)));
	}
	expect(ask(fd, "/a", NULL) == 'A');
}

const struct test_case socket_cases[] = {
	CASE(is_refused),
	CASE(is_rejected),
	CASE(wakes_who_receives_already),
	CASE(waits_no_longer_than_it_was_told),
	CASE(is_interrupted),
	CASE(closes_without_a_word),
	CASE(lingers_for_nobody),
	CASE(shuts_down_without_a_word),
	CASE(is_told_the_address_it_asked_for),
	CASE(has_an_address_once_it_has_an_endpoint),
	CASE(keeps_the_address_it_was_bound_to),
	CASE(is_connected_already),
	CASE(connects_again_after_disconnecting),
	{},
};
