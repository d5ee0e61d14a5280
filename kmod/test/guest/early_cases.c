// SPDX-License-Identifier: GPL-2.0-only
/*
 * An endpoint that answers before it has the body, and acknowledges that late: the next request waits for it, and then goes
 * where it leads. A server that has just spoken acknowledges after 40 ms, if it has nothing more to say.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "addresses.h"
#include "bed.h"
#include "cases.h"
#include "clients.h"
#include "served.h"

#define BODY "hello"

static unsigned int unacknowledged(int fd)
{
	struct tcp_info info = {};
	socklen_t length = sizeof(info);

	expect(!getsockopt(fd, SOL_TCP, TCP_INFO, &info, &length));
	return info.tcpi_unacked;
}

static struct served serve_early(void)
{
	struct served served = serve(TO_CASE("POST") "Content-Length: 5\r\n\r\n");
	int off = 0;

	expect(!setsockopt(served.server, SOL_TCP, TCP_QUICKACK, &off, sizeof(off)));
	says(&served, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
	send_text(served.client, BODY);
	expect(unacknowledged(served.client));
	return served;
}

/* The endpoint had all of it, and then the end. */
static void expect_left(const struct served *served)
{
	char got[16];

	expect(recv(served->server, got, sizeof(got), 0) == strlen(BODY) && !memcmp(got, BODY, strlen(BODY)));
	expect(recv(served->server, got, sizeof(got), 0) == 0);
}

static void waits_for_what_is_under_way(void)
{
	struct served served = serve_early();

	expect(ask(served.client, "/a", NULL) == 'A');
	expect_left(&served);
	expect(ask(served.client, "/", "X-To: b") == 'B');
}

static void stays_with_what_is_under_way(void)
{
	struct served served = serve_early();
	unsigned long moved = counter("moved");
	char got[16];

	/* To the same endpoint nothing has to be waited for. */
	expect(!fcntl(served.client, F_SETFL, O_NONBLOCK));
	send_text(served.client, TO_CASE("GET") "\r\n");
	expect(!fcntl(served.client, F_SETFL, 0));
	expect(recv(served.server, got, strlen(BODY), MSG_WAITALL) == strlen(BODY));
	expect(counter("moved") == moved);
	says(&served, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
	expect(ask(served.client, "/a", NULL) == 'A');
}

static ssize_t try_to_ask(int fd)
{
	const char *text = request_for("/a", NULL);

	return send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void is_told_when_it_can_leave(unsigned int edge)
{
	struct served served = serve_early();
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | edge};
	struct pollfd once = {.fd = served.client, .events = POLLOUT};
	int epoll = epoll_create1(EPOLL_CLOEXEC), attempts = 0;

	expect(!fcntl(served.client, F_SETFL, O_NONBLOCK));
	expect(!epoll_ctl(epoll, EPOLL_CTL_ADD, served.client, &event));
	expect(try_to_ask(served.client) < 0 && errno == EAGAIN);
	expect(poll(&once, 1, 0) == 0);
	do {
		expect(epoll_wait(epoll, &event, 1, 5000) == 1 && !(event.events & ~EPOLLOUT));
		expect(++attempts < 100);
	} while (try_to_ask(served.client) < 0 && errno == EAGAIN);
	expect(!fcntl(served.client, F_SETFL, 0));
	expect(answer_of(served.client) == 'A');
	expect_left(&served);
}

static void is_told_with_epoll_level(void)
{
	is_told_when_it_can_leave(0);
}

static void is_told_with_epoll_edge(void)
{
	is_told_when_it_can_leave(EPOLLET);
}

static void leaves_within_its_timeout(void)
{
	struct served served = serve_early();
	struct timeval soon = {.tv_usec = 1000}, never = {};

	expect(!setsockopt(served.client, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon)));
	expect(try_to_ask(served.client) < 0 && errno == EAGAIN);
	expect(!setsockopt(served.client, SOL_SOCKET, SO_SNDTIMEO, &never, sizeof(never)));
	expect(ask(served.client, "/a", NULL) == 'A');
	expect_left(&served);
}

static void wake(int signal)
{
}

static void is_interrupted_before_it_leaves(void)
{
	struct served served = serve_early();
	struct sigaction action = {.sa_handler = wake};
	/* Again and again: where things are slow, the first may come before the send. */
	struct itimerval soon = {.it_value.tv_usec = 1000, .it_interval.tv_usec = 5000}, never = {};

	expect(!sigaction(SIGALRM, &action, NULL));
	expect(!setitimer(ITIMER_REAL, &soon, NULL));
	expect(try_to_ask(served.client) < 0 && errno == EINTR);
	expect(!setitimer(ITIMER_REAL, &never, NULL));
	expect(ask(served.client, "/", "X-To: b") == 'B');
	expect_left(&served);
}

static void is_reset_before_it_leaves(void)
{
	struct served served = serve_early();
	struct linger reset = {.l_onoff = 1};

	expect(!setsockopt(served.server, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) &&
	       !close(served.server));
	expect(try_to_ask(served.client) < 0 && (errno == ECONNRESET || errno == EPIPE));
}

/* Refused it is in any case; only the endpoint may have to be waited for. */
static void is_refused_once_it_can_leave(void)
{
	struct served served = serve_early();
	struct pollfd once = {.fd = served.client, .events = POLLOUT};
	const char *text = request_for("/reject", NULL);
	int attempts = 0;

	expect(!fcntl(served.client, F_SETFL, O_NONBLOCK));
	expect(send(served.client, text, strlen(text), MSG_NOSIGNAL) < 0 && errno == EAGAIN);
	do {
		expect(poll(&once, 1, 5000) == 1 && !(once.revents & ~POLLOUT));
		expect(++attempts < 100);
	} while (send(served.client, text, strlen(text), MSG_NOSIGNAL) < 0 && errno == EAGAIN);
	expect(errno == REJECTED);
	expect_left(&served);
	expect(send(served.client, text, strlen(text), MSG_NOSIGNAL) < 0 && errno == EPIPE);
}

const struct test_case early_cases[] = {
	CASE(waits_for_what_is_under_way),
	CASE(stays_with_what_is_under_way),
	CASE(is_told_with_epoll_level),
	CASE(is_told_with_epoll_edge),
	CASE(leaves_within_its_timeout),
	CASE(is_interrupted_before_it_leaves),
	CASE(is_reset_before_it_leaves),
	CASE(is_refused_once_it_can_leave),
	{},
};
