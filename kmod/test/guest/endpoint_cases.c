// SPDX-License-Identifier: GPL-2.0-only
/* Endpoints that refuse, that no route leads to, and that never answer: what plain TCP says of them. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bed.h"
#include "cases.h"
#include "compare.h"

static int send_by(const struct way *way, int fd)
{
	const char *text = request_by(way);

	return send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 ? errno : 0;
}

/* Plain TCP says at connect() what a deferred connection can say at the first send only. */
static int first_error(const struct way *way, int fd)
{
	int error = connect_by(way, fd);

	if (error && error != EINPROGRESS)
		return error;
	return send_by(way, fd);
}

static int pending_error(int fd)
{
	int error = -1;
	socklen_t length = sizeof(error);

	expect(!getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
	return error;
}

static void tell_the_error(const struct way *way)
{
	int fd = new_socket(0);

	saw("errno", first_error(way, fd));
	saw("SO_ERROR", pending_error(fd));
	close(fd);
}

/* Of a program that waits for events only, until they say that the connection failed. */
static void tell_by_events(const struct way *way)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
	int fd = new_socket(SOCK_NONBLOCK), epoll = epoll_create1(EPOLL_CLOEXEC), error, turns;

	expect(!epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	error = connect_by(way, fd);
	for (turns = 0; (!error || error == EINPROGRESS || error == EAGAIN) && turns < 10; turns++) {
		expect(epoll_wait(epoll, &event, 1, 20000) == 1);
		if (event.events & EPOLLERR) {
			saw("events", event.events);
			error = pending_error(fd);
		} else {
			error = send_by(way, fd);
		}
	}
	saw("errno", error);
	saw("SO_ERROR", pending_error(fd));
	saw("recv", recv(fd, &event, 1, 0));
	saw("send", send(fd, "x", 1, MSG_NOSIGNAL));
	saw("errno of send", errno);
	close(fd);
	close(epoll);
}

static void is_refused_as_plain_tcp_is(void)
{
	compare(&target_nobody, tell_the_error);
}

static void is_refused_by_events(void)
{
	compare(&target_nobody, tell_by_events);
}

static void has_no_route(void)
{
	compare(&target_away, tell_the_error);
}

static void is_unreachable(void)
{
	compare(&target_unreachable, tell_the_error);
}

static void is_answered_by_nobody(void)
{
	fill_silent_endpoint();
	compare(&target_silent, tell_the_error);
}

static void is_answered_by_nobody_by_events(void)
{
	fill_silent_endpoint();
	compare(&target_silent, tell_by_events);
}

/* Of a head that came in pieces: who sends the last one waits, and is told. */
static void tell_of_pieces(const struct way *way)
{
	int fd = new_socket(0), error = 0;
	const char *text = request_by(way);

	error = connect_by(way, fd);
	for (; !error && *text; text++)
		error = send(fd, text, 1, MSG_NOSIGNAL) < 0 ? errno : 0;
	if (!error) {
		char byte;

		error = recv(fd, &byte, 1, 0) < 0 ? errno : 0;
	}
	saw("errno", error);
	close(fd);
}

static void is_refused_after_pieces(void)
{
	compare(&target_nobody, tell_of_pieces);
}

static void is_answered_by_nobody_after_pieces(void)
{
	fill_silent_endpoint();
	compare(&target_silent, tell_of_pieces);
}

/* TCP_USER_TIMEOUT counts from the first SYN. */
static void tell_of_the_users_patience(const struct way *way)
{
	int fd = new_socket(0), patience_ms = 500;

	expect(!setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms, sizeof(patience_ms)));
	saw("errno", first_error(way, fd));
	close(fd);
}

static void minds_the_users_patience(void)
{
	fill_silent_endpoint();
	compare(&target_silent, tell_of_the_users_patience);
}

static const struct way to_silence = {&target_silent, true};

static void sends_no_longer_than_it_was_told(void)
{
	struct timeval patience = {.tv_usec = 100000};
	int fd = new_socket(0);

	fill_silent_endpoint();
	expect(!setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)));
	expect(first_error(&to_silence, fd) == EAGAIN);
	expect(send_by(&to_silence, fd) == EAGAIN);
}

static void note(int signal)
{
	(void)signal;
}

/* Without SA_RESTART the send ends; with it, it goes on until TCP gives up. */
static int send_under_signals(int flags)
{
	struct sigaction action = {.sa_handler = note, .sa_flags = flags};
	struct itimerval soon = {.it_value.tv_usec = 200000, .it_interval.tv_usec = 200000}, never = {};
	int fd = new_socket(0), error;

	expect(!sigaction(SIGALRM, &action, NULL) && !setitimer(ITIMER_REAL, &soon, NULL));
	error = first_error(&to_silence, fd);
	expect(!setitimer(ITIMER_REAL, &never, NULL));
	close(fd);
	return error;
}

static void is_interrupted_while_it_sends(void)
{
	fill_silent_endpoint();
	expect(send_under_signals(0) == EINTR);
}

static void goes_on_after_a_signal(void)
{
	fill_silent_endpoint();
	expect(send_under_signals(SA_RESTART) == ETIMEDOUT);
}

static void closes_while_nobody_answers(void)
{
	int fd = new_socket(SOCK_NONBLOCK);

	fill_silent_endpoint();
	expect(first_error(&to_silence, fd) == EAGAIN);
	expect(!close(fd));
}

static void shuts_down_while_nobody_answers(void)
{
	int fd = new_socket(SOCK_NONBLOCK);
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	fill_silent_endpoint();
	expect(first_error(&to_silence, fd) == EAGAIN);
	expect(!shutdown(fd, SHUT_RDWR));
	expect(poll(&poll_fd, 1, 20000) == 1 && poll_fd.revents & POLLHUP);
}

const struct test_case endpoint_cases[] = {
	CASE(is_refused_as_plain_tcp_is),
	CASE(is_refused_by_events),
	CASE(is_refused_after_pieces),
	CASE(has_no_route),
	CASE(is_unreachable),
	CASE(is_answered_by_nobody),
	CASE(is_answered_by_nobody_by_events),
	CASE(is_answered_by_nobody_after_pieces),
	CASE(minds_the_users_patience),
	CASE(sends_no_longer_than_it_was_told),
	CASE(is_interrupted_while_it_sends),
	CASE(goes_on_after_a_signal),
	CASE(closes_while_nobody_answers),
	CASE(shuts_down_while_nobody_answers),
	{},
};
