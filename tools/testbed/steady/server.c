// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
/* Sends every byte back. */
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "steady.h"

static int poll_fd;

static void watch(int fd, uint32_t kind)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)kind << 32 | (uint32_t)fd};

	if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event))
		die("watching a socket");
}

static void listen_at(const struct sockaddr_storage *address)
{
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)address, length_of(address)) || listen(fd, 4096))
		die("listening");
	watch(fd, 1);
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
	char end;

	poll_fd = epoll_create1(0);
	for (int i = 0; i < options->target_count; i++)
		listen_at(&options->targets[i]);
	watch(STDIN_FILENO, 2);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int count = epoll_wait(poll_fd, events, 256, -1);

		for (int i = 0; i < count; i++) {
			int fd = (uint32_t)events[i].data.u64;
			uint32_t kind = events[i].data.u64 >> 32;
			int taken;

			if (kind == 2 && read(fd, &end, 1) <= 0)
				return 0;
			if (kind == 1)
				while ((taken = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) >= 0)
					watch(taken, 0);
			if (kind == 0)
				echo(fd);
		}
	}
}
