// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "open-loop.h"

#define ANSWER_BYTES 8192
#define EVENTS	     64
#define PATIENCE_NS  5000000000ull /* after the last arrival */
#define WARM_UP	     SIZE_MAX	   /* a request that is in no schedule */
#define SECOND_NS    1000000000ull

/* A connection, with at most one request under way. */
struct slot {
	int fd;
	bool connected, busy;
	size_t request; /* its place in the schedule */
	size_t received;
	char answer[ANSWER_BYTES + 1];
	struct slot *next; /* of those that have nothing to do */
};

static const struct options *options;
static struct schedule *schedule;
static int poll_fd;
static struct slot *idle;
static uint64_t started_ns;
static size_t begun, answered, warm;
static char request_text[256];
static size_t request_bytes;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static void rest(struct slot *slot)
{
	slot->busy = false;
	slot->next = idle;
	idle = slot;
}

static void ask(struct slot *slot)
{
	slot->received = 0;
	if (send(slot->fd, request_text, request_bytes, MSG_NOSIGNAL) != (ssize_t)request_bytes)
		die("sending a request");
}

static void open_connection(struct slot *slot)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = slot};
	int on = 1;

	slot->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (slot->fd < 0)
		die("making a socket");
	slot->connected = false;
	setsockopt(slot->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(slot->fd, (const struct sockaddr *)&options->target, sizeof(options->target)) &&
	    errno != EINPROGRESS)
		die("connecting");
	if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, slot->fd, &event))
		die("watching a socket");
}

static struct slot *new_slot(void)
{
	struct slot *slot = calloc(1, sizeof(*slot));

	if (!slot)
		die("keeping connections");
	return slot;
}

/* The next request in turn, on a connection that has nothing to do. */
static void begin(struct slot *slot)
{
	slot->busy = true;
	slot->request = begun++;
	if (options->connections)
		ask(slot);
	else
		open_connection(slot); /* asks once it is connected */
}

static void finish(struct slot *slot)
{
	if (slot->request == WARM_UP) {
		warm++;
	} else {
		schedule->took_ns[slot->request] = now_ns() - started_ns - schedule->due_ns[slot->request];
		answered++;
	}
	if (!options->connections)
		close(slot->fd);
	rest(slot);
}

/* Whole, by its Content-Length. */
static bool is_whole(const struct slot *slot)
{
	const char *body = strstr(slot->answer, "\r\n\r\n");
	const char *length = strcasestr(slot->answer, "\r\ncontent-length:");

	if (!body)
		return false;
	if (strncmp(slot->answer, "HTTP/1.1 200 ", 13) || !length || length > body) {
		errno = EPROTO;
		die("reading an answer other than 200 with its length");
	}
	return slot->received >= (size_t)(body + 4 - slot->answer) + strtoul(length + 17, NULL, 10);
}

static void hear(struct slot *slot)
{
	while (slot->busy) {
		ssize_t got = recv(slot->fd, slot->answer + slot->received, ANSWER_BYTES - slot->received, 0);

		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			errno = got ? errno : ECONNRESET;
			die("reading an answer");
		}
		slot->received += (size_t)got;
		slot->answer[slot->received] = 0;
		if (is_whole(slot))
			finish(slot);
	}
}

static void happen(struct epoll_event *event)
{
	struct slot *slot = event->data.ptr;

	if (!slot->connected && event->events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
		int error = 0;
		socklen_t size = sizeof(error);

		getsockopt(slot->fd, SOL_SOCKET, SO_ERROR, &error, &size);
		if (error) {
			errno = error;
			die("connecting");
		}
		slot->connected = true;
		ask(slot);
	}
	if (event->events & EPOLLIN)
		hear(slot);
}

/* Waits for the network until a moment, ns since the start. */
static void wait_until(uint64_t until_ns)
{
	struct epoll_event events[EVENTS];
	uint64_t now = now_ns() - started_ns, left = until_ns > now ? until_ns - now : 0;
	struct timespec timeout = {(time_t)(left / SECOND_NS), (long)(left % SECOND_NS)};
	int count = epoll_pwait2(poll_fd, events, EVENTS, &timeout, NULL);

	if (count < 0 && errno != EINTR)
		die("waiting");
	for (int i = 0; i < count; i++)
		happen(&events[i]);
}

/* Opens the connections that are kept, and has each answer one request. */
static void warm_up(void)
{
	for (int i = 0; i < options->connections; i++) {
		struct slot *slot = new_slot();

		slot->busy = true;
		slot->request = WARM_UP;
		open_connection(slot);
	}
	while (warm < (size_t)options->connections) {
		if (now_ns() - started_ns > PATIENCE_NS) {
			errno = ETIMEDOUT;
			die("opening connections");
		}
		wait_until(PATIENCE_NS);
	}
}

/* All that is due and that a connection is free for; what is not waits, and its clock runs. */
static void begin_due(void)
{
	while (begun < schedule->count && schedule->due_ns[begun] <= now_ns() - started_ns) {
		struct slot *slot = idle;

		if (slot)
			idle = slot->next;
		else if (options->connections)
			return;
		else
			slot = new_slot();
		begin(slot);
	}
}

void run_schedule(const struct options *with, struct schedule *of)
{
	options = with;
	schedule = of;
	prctl(PR_SET_TIMERSLACK, 1);
	poll_fd = epoll_create1(0);
	if (poll_fd < 0)
		die("making an epoll");
	request_bytes = (size_t)snprintf(request_text, sizeof(request_text),
					 "GET / HTTP/1.1\r\nHost: bench\r\n%s\r\n",
					 options->connections ? "" : "Connection: close\r\n");
	started_ns = now_ns();
	warm_up();
	started_ns = now_ns();
	while (answered < schedule->count) {
		uint64_t last_ns = schedule->due_ns[schedule->count - 1] + PATIENCE_NS;
		bool can_begin = begun < schedule->count && (idle || !options->connections);

		if (now_ns() - started_ns > last_ns) {
			errno = ETIMEDOUT;
			die("waiting for answers");
		}
		wait_until(can_begin ? schedule->due_ns[begun] : last_ns);
		begin_due();
	}
}
