// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
/* Sends every byte back, and says who was connected to. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "steady.h"

enum { CONNECTION, INPUT, LISTENERS }; /* kinds of what is watched; from LISTENERS on one for each target */

/* Connections to one target. */
struct arrivals {
	uint64_t accepted;
	uint64_t last_ms; /* Unix time */
};

static struct arrivals arrivals[MAX_TARGETS];
static int poll_fd;

static void watch(int fd, uint32_t kind)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)kind << 32 | (uint32_t)fd};

	if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event))
		die("watching a socket");
}

static void listen_at(const struct sockaddr_storage *address, uint32_t kind)
{
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)address, length_of(address)) || listen(fd, 4096))
		die("listening");
	watch(fd, kind);
}

static void accept_all(int fd, struct arrivals *to)
{
	struct timespec time;
	int taken;

	while ((taken = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		clock_gettime(CLOCK_REALTIME, &time);
		to->last_ms = time.tv_sec * 1000ull + time.tv_nsec / 1000000;
		to->accepted++;
		watch(taken, CONNECTION);
	}
}

static void print_arrivals(int targets)
{
	for (int i = 0; i < targets; i++)
		printf("%s{\"accepted\":%" PRIu64 ",\"lastMs\":%" PRIu64 "}", i ? "," : "[",
		       arrivals[i].accepted, arrivals[i].last_ms);
	puts("]");
	fflush(stdout);
}

/* Messages are small: what was read fits into the send buffer, or the client does not read. */
static void echo(int fd)
{
	char bytes[4096];
	ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got > 0 && send(fd, bytes, got, MSG_NOSIGNAL) == got)
		return;
	if (got < 0 && errno == EAGAIN)
		return;
	close(fd);
}

int run_server(const struct options *options)
{
	struct epoll_event events[256];
	char asked;

	poll_fd = epoll_create1(0);
	for (int i = 0; i < options->target_count; i++)
		listen_at(&options->targets[i], LISTENERS + i);
	watch(STDIN_FILENO, INPUT);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int count = epoll_wait(poll_fd, events, 256, -1);

		for (int i = 0; i < count; i++) {
			int fd = (uint32_t)events[i].data.u64;
			uint32_t kind = events[i].data.u64 >> 32;

			if (kind >= LISTENERS)
				accept_all(fd, &arrivals[kind - LISTENERS]);
			else if (kind == CONNECTION)
				echo(fd);
			else if (read(fd, &asked, 1) <= 0)
				return 0;
			else
				print_arrivals(options->target_count);
		}
	}
}
