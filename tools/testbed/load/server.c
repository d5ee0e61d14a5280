// SPDX-License-Identifier: Apache-2.0
/* The accepting end: reads a request, answers with as many bytes as it asks for, ends the way it says. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "load.h"

struct peer {
	int fd;
	bool listener;
	struct tally *tally;
	struct request_head head;
	uint64_t received, sent;
	bool ended; /* this end is to be freed */
};

static int poll_fd;

static void watch(struct peer *peer, int operation, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = peer};

	if (epoll_ctl(poll_fd, operation, peer->fd, &event))
		die("watching a socket");
}

static void listen_on(struct sockaddr_storage address, uint16_t port, struct tally *tally)
{
	struct peer *listener = calloc(1, sizeof(*listener));
	int on = 1;

	set_port(&address, port);
	listener->fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	listener->listener = true;
	listener->tally = tally;
	setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (listener->fd < 0 || bind(listener->fd, (struct sockaddr *)&address, length_of(&address)) ||
	    listen(listener->fd, 65535))
		die("listening");
	watch(listener, EPOLL_CTL_ADD, EPOLLIN);
}

static void end(struct peer *peer, bool reset)
{
	peer->ended = true;
	if (reset)
		close_with_reset(peer->fd);
	else
		close(peer->fd);
}

static void complete(struct peer *peer, bool reset)
{
	peer->tally->completed++;
	end(peer, reset);
}

static void break_off(struct peer *peer, int error)
{
	peer->tally->broken[error]++;
	end(peer, false);
}

/* Whether all that this end has to do was done, so that the other may end the connection. */
static bool answered(const struct peer *peer)
{
	return peer->received == 0 ||
	       (peer->received >= sizeof(peer->head) && peer->received >= peer->head.request_bytes &&
		peer->sent == peer->head.response_bytes);
}

static void answer(struct peer *peer)
{
	while (peer->sent < peer->head.response_bytes) {
		size_t left = peer->head.response_bytes - peer->sent;
		ssize_t length = send(peer->fd, payload, left < CHUNK ? left : CHUNK, MSG_NOSIGNAL);

		if (length < 0 && errno == EAGAIN)
			return watch(peer, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
		if (length < 0)
			return break_off(peer, errno);
		peer->sent += length;
		peer->tally->bytes_sent += length;
	}
	watch(peer, EPOLL_CTL_MOD, EPOLLIN);
	if (peer->head.ending == SERVER_CLOSES)
		complete(peer, false);
}

static void take(struct peer *peer, const char *bytes, ssize_t length)
{
	if (peer->received < sizeof(peer->head)) {
		size_t room = sizeof(peer->head) - peer->received;

		memcpy((char *)&peer->head + peer->received, bytes,
		       (size_t)length < room ? (size_t)length : room);
	}
	peer->received += length;
	peer->tally->bytes_received += length;
	if (peer->received < sizeof(peer->head))
		return;
	if (peer->head.magic != REQUEST_MAGIC)
		return break_off(peer, EPROTO);
	if (peer->received < peer->head.request_bytes)
		return;
	/* A client that wants to be reset says so by one more byte, once it has the whole answer. */
	if (peer->head.ending == SERVER_RESETS && peer->received > peer->head.request_bytes)
		return complete(peer, true);
	if (peer->sent < peer->head.response_bytes || peer->head.ending == SERVER_CLOSES)
		answer(peer);
}

static void serve(struct peer *peer, uint32_t events)
{
	static char buffer[CHUNK];

	while (!peer->ended) {
		ssize_t length = recv(peer->fd, buffer, sizeof(buffer), 0);

		if (length > 0) {
			take(peer, buffer, length);
			continue;
		}
		if (length == 0)
			return answered(peer) ? complete(peer, false) : break_off(peer, 0);
		if (errno == EAGAIN)
			break;
		if (errno == ECONNRESET && answered(peer) && peer->head.ending == CLIENT_RESETS)
			return complete(peer, false);
		return break_off(peer, errno);
	}
	if (!peer->ended && (events & EPOLLOUT))
		answer(peer);
}

static void accept_all(struct peer *listener)
{
	for (;;) {
		int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct peer *peer;

		if (fd < 0 && (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR))
			return;
		if (fd < 0)
			die("accepting");
		peer = calloc(1, sizeof(*peer));
		peer->fd = fd;
		peer->tally = listener->tally;
		peer->tally->attempted++;
		peer->tally->established++;
		watch(peer, EPOLL_CTL_ADD, EPOLLIN);
		serve(peer, 0);
		if (peer->ended)
			free(peer);
	}
}

/* The launching test closes our standard input when it ends, however it ends. A file cannot be watched. */
static void watch_standard_input(void)
{
	static struct peer standard_input = {.fd = 0};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = &standard_input};

	if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, 0, &event) && errno != EPERM)
		die("watching standard input");
}

int run_server(const struct options *options)
{
	struct tally *tallies = calloc(options->port_count, sizeof(*tallies));
	struct epoll_event events[512];
	uint64_t start = now_ns();

	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < options->port_count; i++)
		for (int j = 0; j < options->address_count; j++)
			listen_on(options->addresses[j], options->ports[i], &tallies[i]);
	watch_standard_input();
	printf("{\"ready\":true}\n");
	fflush(stdout);
	while (!stopping) {
		int count = epoll_wait(poll_fd, events, 512, -1);

		for (int i = 0; i < count; i++) {
			struct peer *peer = events[i].data.ptr;

			if (peer->fd == 0) {
				char byte;

				if (read(0, &byte, 1) <= 0)
					stopping = 1;
			} else if (peer->listener) {
				accept_all(peer);
			} else {
				serve(peer, events[i].events);
				if (peer->ended)
					free(peer);
			}
		}
	}
	report("server", tallies, options, now_ns() - start);
	return 0;
}
