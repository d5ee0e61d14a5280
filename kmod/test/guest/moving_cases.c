// SPDX-License-Identifier: GPL-2.0-only
/* What a program sees of a socket that leaves one endpoint for another: nothing. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bed.h"
#include "cases.h"
#include "clients.h"
#include "compare.h"
#include "served.h"

#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"

static long option_of(int fd, int level, int option)
{
	socklen_t length = sizeof(long);
	long value = 0;

	expect(!getsockopt(fd, level, option, &value, &length));
	return value;
}

/* Before v6.9 TCP has no SO_PEEK_OFF: 05ea491641d3 ("tcp: add support for SO_PEEK_OFF socket option"). */
static bool has_option(int fd, int level, int option)
{
	int value;
	socklen_t length = sizeof(value);

	return !getsockopt(fd, level, option, &value, &length) || errno != EOPNOTSUPP;
}

static void ends_gently(void)
{
	struct served served = serve(TO_CASE("GET") "\r\n");
	char byte;

	says(&served, OK_2 "hi");
	expect(ask(served.client, "/a", NULL) == 'A');
	expect(recv(served.server, &byte, 1, 0) == 0);
	/* Nor does a reset come later, when the server has been heard no more. */
	usleep(300000);
	expect(option_of(served.server, SOL_SOCKET, SO_ERROR) == 0);
	expect(recv(served.server, &byte, 1, 0) == 0);
	expect(!shutdown(served.server, SHUT_WR));
	usleep(100000);
	expect(option_of(served.server, SOL_SOCKET, SO_ERROR) == 0);
}

static void keeps_its_options(void)
{
	static const struct {
		int level, option, value;
	} options[] = {
		{SOL_TCP, TCP_NODELAY, 1},
		{SOL_TCP, TCP_MAXSEG, 1000},
		{SOL_TCP, TCP_KEEPIDLE, 77},
		{SOL_TCP, TCP_KEEPINTVL, 7},
		{SOL_TCP, TCP_KEEPCNT, 5},
		{SOL_TCP, TCP_SYNCNT, 3},
		{SOL_TCP, TCP_LINGER2, 33},
		{SOL_TCP, TCP_USER_TIMEOUT, 12345},
		{SOL_TCP, TCP_NOTSENT_LOWAT, 65536},
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{SOL_SOCKET, SO_RCVBUF, 50000},
		{SOL_SOCKET, SO_SNDBUF, 60000},
		{SOL_SOCKET, SO_PRIORITY, 4},
		{SOL_SOCKET, SO_MARK, 99},
		{SOL_SOCKET, SO_RCVLOWAT, 3},
		{SOL_SOCKET, SO_PEEK_OFF, 0},
		{SOL_SOCKET, SO_OOBINLINE, 1},
		{SOL_IP, IP_TOS, 0x28},
		{SOL_IP, IP_TTL, 44},
	};
	enum { OPTIONS = sizeof(options) / sizeof(options[0]) };
	int fd = connect_to(PORT_PATIENT, 0), i;
	char congestion[16] = "reno", device[16] = "lo";
	socklen_t length = sizeof(congestion);
	long cookie = option_of(fd, SOL_SOCKET, SO_COOKIE), before[OPTIONS];

	for (i = 0; i < (int)OPTIONS; i++)
		expect(!has_option(fd, options[i].level, options[i].option) ||
		       !setsockopt(fd, options[i].level, options[i].option, &options[i].value, sizeof(int)));
	expect(!setsockopt(fd, SOL_TCP, TCP_CONGESTION, congestion, strlen(congestion)));
	expect(!setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, strlen(device)));
	for (i = 0; i < (int)OPTIONS; i++)
		if (has_option(fd, options[i].level, options[i].option))
			before[i] = option_of(fd, options[i].level, options[i].option);
	expect(ask(fd, "/a", NULL) == 'A');
	expect(ask(fd, "/", "X-To: b") == 'B');
	for (i = 0; i < (int)OPTIONS; i++) {
		long value;

		if (!has_option(fd, options[i].level, options[i].option))
			continue;
		value = option_of(fd, options[i].level, options[i].option);
		/* Of a connection TCP tells the size that was agreed on. */
		if (options[i].option == TCP_MAXSEG && options[i].level == SOL_TCP)
			expect(value <= 1000);
		else if (value != before[i])
			fail("option %d/%d is %ld, was %ld", options[i].level, options[i].option, value,
			     before[i]);
	}
	expect(!getsockopt(fd, SOL_TCP, TCP_CONGESTION, congestion, &length) && !strcmp(congestion, "reno"));
	length = sizeof(device);
	expect(!getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &length) && !strcmp(device, "lo"));
	expect(option_of(fd, SOL_SOCKET, SO_COOKIE) == cookie);
	expect(option_of(fd, SOL_SOCKET, SO_ERROR) == 0);
}

static struct sockaddr_in name_of(int fd, int (*get)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_in name = {};
	socklen_t length = sizeof(name);

	expect(!get(fd, (struct sockaddr *)&name, &length) && length == sizeof(name));
	return name;
}

static void has_true_names(void)
{
	int fd = connect_to(PORT_PATIENT, 0);

	expect(ask(fd, "/a", NULL) == 'A');
	expect(name_of(fd, getpeername).sin_port == htons(ENDPOINT_A));
	expect(ask(fd, "/", "X-To: b") == 'B');
	expect(name_of(fd, getpeername).sin_port == htons(ENDPOINT_B));
	expect(name_of(fd, getsockname).sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	expect(name_of(fd, getsockname).sin_port);
}

static void keeps_the_port_it_is_bound_to(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(7777)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), i;

	expect(!bind(fd, (struct sockaddr *)&address, sizeof(address)));
	address = (struct sockaddr_in){.sin_family = AF_INET,
				       .sin_port = htons(PORT_PATIENT),
				       .sin_addr.s_addr = htonl(SERVICE_ADDRESS)};
	expect(!connect(fd, (struct sockaddr *)&address, sizeof(address)));
	for (i = 0; i < 6; i++) {
		expect(ask(fd, i % 2 ? "/a" : "/", NULL) == (i % 2 ? 'A' : 'D'));
		expect(name_of(fd, getsockname).sin_port == htons(7777));
	}
}

static void moves_without_waiting(unsigned int edge)
{
	int fd = connect_to(PORT_PATIENT, SOCK_NONBLOCK), epoll = epoll_create1(EPOLL_CLOEXEC), i;
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | edge};

	expect(!epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	for (i = 0; i < 200; i++) {
		const char *text = request_for(i % 2 ? "/a" : "/", NULL);
		char answer[128];
		ssize_t got;

		while (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0) {
			expect(errno == EAGAIN);
			expect(epoll_wait(epoll, &event, 1, 5000) == 1);
			expect(!(event.events & ~(EPOLLIN | EPOLLOUT)));
		}
		while ((got = recv(fd, answer, sizeof(answer), 0)) < 0) {
			expect(errno == EAGAIN);
			expect(epoll_wait(epoll, &event, 1, 5000) == 1);
			expect(!(event.events & ~(EPOLLIN | EPOLLOUT)));
		}
		expect(got > 6 && answer[got - 2] == (i % 2 ? 'A' : 'D'));
		expect(option_of(fd, SOL_SOCKET, SO_ERROR) == 0);
	}
}

static void moves_with_epoll_level(void)
{
	moves_without_waiting(0);
}

static void moves_with_epoll_edge(void)
{
	moves_without_waiting(EPOLLET);
}

/* --- others, who look at the socket meanwhile --- */

static atomic_bool over;

static void *poll_until_over(void *argument)
{
	struct pollfd poll_fd = {.fd = *(int *)argument, .events = POLLIN | POLLOUT | POLLRDHUP};
	long wrong = 0;

	while (!over) {
		poll(&poll_fd, 1, 0);
		if (poll_fd.revents & ~(POLLIN | POLLOUT))
			wrong = poll_fd.revents;
		if (option_of(poll_fd.fd, SOL_SOCKET, SO_ERROR))
			wrong = -1;
	}
	return (void *)wrong;
}

static void never_looks_ended(void)
{
	int fd = connect_to(PORT_PATIENT, 0), i;
	pthread_t thread;
	void *wrong;

	expect(!pthread_create(&thread, NULL, poll_until_over, &fd));
	for (i = 0; i < 300; i++)
		expect(ask(fd, i % 2 ? "/a" : "/", NULL) == (i % 2 ? 'A' : 'D'));
	over = true;
	expect(!pthread_join(thread, &wrong));
	if (wrong)
		fail("a poll has seen %lx", (long)wrong);
}

/* Reads answers, waiting for each, and gives their letters. */
static void *read_answers(void *argument)
{
	static char letters[101];
	int i;

	for (i = 0; i < 100; i++) {
		letters[i] = answer_of(*(int *)argument);
		atomic_store(&over, true);
	}
	return letters;
}

static void keeps_who_waits_to_receive(void)
{
	int fd = connect_to(PORT_PATIENT, 0), i;
	pthread_t thread;
	void *letters;

	expect(!pthread_create(&thread, NULL, read_answers, &fd));
	for (i = 0; i < 100; i++) {
		over = false;
		usleep(1000);
		send_text(fd, request_for(i % 2 ? "/a" : "/", NULL));
		while (!over)
			usleep(100);
	}
	expect(!pthread_join(thread, &letters));
	for (i = 0; i < 100; i++)
		expect(((char *)letters)[i] == (i % 2 ? 'A' : 'D'));
}

/* --- endpoints that cannot be reached --- */

static void is_refused_later(void)
{
	int fd = connect_to(PORT_PATIENT, 0);
	const char *text;

	expect(ask(fd, "/a", NULL) == 'A');
	text = request_for("/nobody", NULL);
	expect(send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 && errno == ECONNREFUSED);
	expect(send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 && errno == EPIPE);
}

static void is_refused_later_without_waiting(void)
{
	struct pollfd poll_fd = {.fd = connect_to(PORT_PATIENT, SOCK_NONBLOCK), .events = POLLIN};
	const char *text = request_for("/a", NULL);
	char answer[128];

	while (send(poll_fd.fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		expect(errno == EAGAIN && !usleep(1000));
	expect(poll(&poll_fd, 1, 5000) == 1 && recv(poll_fd.fd, answer, sizeof(answer), 0) > 6);
	text = request_for("/nobody", NULL);
	if (send(poll_fd.fd, text, strlen(text), MSG_NOSIGNAL) < 0 && errno == ECONNREFUSED)
		return;
	expect(errno == EAGAIN);
	expect(poll(&poll_fd, 1, 5000) == 1 && poll_fd.revents & POLLERR);
	expect(option_of(poll_fd.fd, SOL_SOCKET, SO_ERROR) == ECONNREFUSED);
}

static void is_rejected_later(void)
{
	struct served served = serve(TO_CASE("GET") "\r\n");
	const char *text = request_for("/reject", NULL);
	char byte;

	says(&served, OK_2 "hi");
	expect(send(served.client, text, strlen(text), MSG_NOSIGNAL) < 0 && errno == REJECTED);
	expect(recv(served.server, &byte, 1, 0) == 0);
	expect(send(served.client, text, strlen(text), MSG_NOSIGNAL) < 0 && errno == EPIPE);
	expect(recv(served.client, &byte, 1, 0) == 0);
}

static void waits_as_long_as_it_was_told_to(void)
{
	struct timeval patience = {.tv_usec = 100000};
	int fd = connect_to(PORT_PATIENT, 0);
	const char *text;

	fill_silent_endpoint();
	expect(ask(fd, "/a", NULL) == 'A');
	expect(!setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)));
	text = request_for("/silent", NULL);
	expect(send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 && errno == EAGAIN);
	/* The program may give it up for another request. */
	expect(name_of(fd, getpeername).sin_port == htons(PORT_PATIENT));
}

static void ignore(int signal)
{
	(void)signal;
}

static void is_interrupted_on_its_way(void)
{
	struct sigaction action = {.sa_handler = ignore};
	struct itimerval soon = {.it_value = {.tv_usec = 200000}};
	int fd = connect_to(PORT_PATIENT, 0);
	const char *text;

	fill_silent_endpoint();
	expect(ask(fd, "/a", NULL) == 'A');
	expect(!sigaction(SIGALRM, &action, NULL) && !setitimer(ITIMER_REAL, &soon, NULL));
	text = request_for("/silent", NULL);
	expect(send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 && errno == EINTR);
}

/* --- those who take a socket over --- */

static void is_given_to_others(void)
{
	struct served served = serve(TO_CASE("GET") "\r\n");
	int plain = connect_to_endpoint(ENDPOINT_A), result, error;

	says(&served, OK_2 "hi");
	result = setsockopt(plain, SOL_TCP, TCP_ULP, "tls", 3);
	error = errno;
	expect(setsockopt(served.client, SOL_TCP, TCP_ULP, "tls", 3) == result);
	expect(!result || errno == error);
	stays(&served, "taken");
}

static void changes_its_family(void)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(PORT_PATIENT)};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), family = AF_INET;

	address.sin6_addr.s6_addr32[2] = htonl(0xffff);
	address.sin6_addr.s6_addr32[3] = htonl(SERVICE_ADDRESS);
	expect(!connect(fd, (struct sockaddr *)&address, sizeof(address)));
	expect(ask(fd, "/a", NULL) == 'A');
	expect(!setsockopt(fd, SOL_IPV6, IPV6_ADDRFORM, &family, sizeof(family)));
	expect(ask(fd, "/", NULL) == 'A');
}

const struct test_case moving_cases[] = {
	CASE(ends_gently),
	CASE(keeps_its_options),
	CASE(has_true_names),
	CASE(keeps_the_port_it_is_bound_to),
	CASE(moves_with_epoll_level),
	CASE(moves_with_epoll_edge),
	CASE(never_looks_ended),
	CASE(keeps_who_waits_to_receive),
	CASE(is_refused_later),
	CASE(is_refused_later_without_waiting),
	CASE(is_rejected_later),
	CASE(waits_as_long_as_it_was_told_to),
	CASE(is_interrupted_on_its_way),
	CASE(is_given_to_others),
	CASE(changes_its_family),
	{},
};
