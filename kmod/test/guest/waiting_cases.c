// SPDX-License-Identifier: GPL-2.0-only
/* Programs that wait before anything was sent, and what wakes them. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bed.h"
#include "cases.h"
#include "clients.h"
#include "compare.h"

/* Lets the other thread come to where it waits; a case holds also when it does not come so far. */
#define A_WHILE_US 100000

/* Waits in another thread, which is given a descriptor; then a request is sent. */
static void wakes(void *(*wait)(void *fd))
{
	int fd = connect_to(PORT_PATIENT, 0);
	pthread_t thread;
	void *woken;

	expect(!pthread_create(&thread, NULL, wait, &fd));
	usleep(A_WHILE_US);
	send_text(fd, request_for("/a", NULL));
	expect(!pthread_join(thread, &woken) && woken);
	expect(answer_of(fd) == 'A');
}

static void *wait_by_poll(void *fd)
{
	struct pollfd poll_fd = {.fd = *(int *)fd, .events = POLLIN};

	return poll(&poll_fd, 1, -1) == 1 && poll_fd.revents == POLLIN ? fd : NULL;
}

static void *wait_by_select(void *fd)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(*(int *)fd, &set);
	return select(*(int *)fd + 1, &set, NULL, NULL, NULL) == 1 ? fd : NULL;
}

static void *wait_by_epoll(void *fd, unsigned int edge)
{
	struct epoll_event event = {.events = EPOLLIN | edge};
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	bool woken = !epoll_ctl(epoll, EPOLL_CTL_ADD, *(int *)fd, &event) &&
		     epoll_wait(epoll, &event, 1, -1) == 1 && event.events == EPOLLIN;

	close(epoll);
	return woken ? fd : NULL;
}

static void *wait_by_epoll_level(void *fd)
{
	return wait_by_epoll(fd, 0);
}

static void *wait_by_epoll_edge(void *fd)
{
	return wait_by_epoll(fd, EPOLLET);
}

static void *wait_by_peek(void *fd)
{
	char byte;

	return recv(*(int *)fd, &byte, 1, MSG_PEEK) == 1 ? fd : NULL;
}

static void wakes_who_polls_already(void)
{
	wakes(wait_by_poll);
}

static void wakes_who_selects_already(void)
{
	wakes(wait_by_select);
}

static void wakes_who_waits_for_levels_already(void)
{
	wakes(wait_by_epoll_level);
}

static void wakes_who_waits_for_edges_already(void)
{
	wakes(wait_by_epoll_edge);
}

static void wakes_who_peeks_already(void)
{
	wakes(wait_by_peek);
}

static void note(int signal)
{
	(void)signal;
}

static void *send_in_a_while(void *fd)
{
	usleep(4 * A_WHILE_US);
	send_text(*(int *)fd, request_for("/a", NULL));
	return NULL;
}

/* With SA_RESTART a receive survives the signals that come before anything was sent. */
static void receives_on_after_signals(void)
{
	struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
	struct itimerval soon = {.it_value.tv_usec = 50000, .it_interval.tv_usec = 50000}, never = {};
	int fd = connect_to(PORT_PATIENT, 0);
	pthread_t thread;
	sigset_t alarms;

	/* The signals are for this thread. */
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	expect(!sigaction(SIGALRM, &action, NULL) && !pthread_sigmask(SIG_BLOCK, &alarms, NULL));
	expect(!pthread_create(&thread, NULL, send_in_a_while, &fd));
	expect(!pthread_sigmask(SIG_UNBLOCK, &alarms, NULL) && !setitimer(ITIMER_REAL, &soon, NULL));
	expect(answer_of(fd) == 'A');
	expect(!setitimer(ITIMER_REAL, &never, NULL) && !pthread_join(thread, NULL));
}

static void note_events(const char *what, int epoll, int timeout_ms)
{
	struct epoll_event event = {};

	saw(what, epoll_wait(epoll, &event, 1, timeout_ms) == 1 ? (long)event.events : 0);
}

/* All that epoll tells of a connection that asks once, half closes, and sees the end. */
static void tell_a_life(const struct way *way, unsigned int edge)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | edge};
	int fd = new_socket(0), epoll = epoll_create1(EPOLL_CLOEXEC);
	const char *text = request_by(way);
	char answer[512];

	expect(!connect_by(way, fd));
	expect(!epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	note_events("connected", epoll, 5000);
	send_text(fd, text);
	saw("letter", answer_of(fd));
	expect(!shutdown(fd, SHUT_WR));
	while (recv(fd, answer, sizeof(answer), 0) > 0)
		;
	note_events("ended", epoll, 5000);
	close(fd);
	close(epoll);
}

static void tell_a_life_by_levels(const struct way *way)
{
	tell_a_life(way, 0);
}

static void tell_a_life_by_edges(const struct way *way)
{
	tell_a_life(way, EPOLLET);
}

static void has_the_events_of_plain_tcp(void)
{
	compare(&target_a, tell_a_life_by_levels);
	compare(&target_a, tell_a_life_by_edges);
}

const struct test_case waiting_cases[] = {
	CASE(wakes_who_polls_already),
	CASE(wakes_who_selects_already),
	CASE(wakes_who_waits_for_levels_already),
	CASE(wakes_who_waits_for_edges_already),
	CASE(wakes_who_peeks_already),
	CASE(receives_on_after_signals),
	CASE(has_the_events_of_plain_tcp),
	{},
};
