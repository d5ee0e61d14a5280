// SPDX-License-Identifier: Apache-2.0
/*
 * connects ADDRESS PORT LISTEN_ADDRESS LISTEN_PORT COUNT
 *
 * Connects so often, one connection after the other, asks each for its peer, and resets it. What listens is a child of it.
 * Ends with 1 unless every peer was the address that was asked for.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	socklen_t size;
};

static void die(const char *doing)
{
	fprintf(stderr, "connects: %s: %s\n", doing, strerror(errno));
	exit(1);
}

static struct address read_address(const char *text, const char *port)
{
	struct address address = {.v6 = {0}};

	if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1) {
		address.v4.sin_family = AF_INET;
		address.v4.sin_port = htons((uint16_t)atoi(port));
		address.size = sizeof(address.v4);
	} else if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1) {
		address.v6.sin6_family = AF_INET6;
		address.v6.sin6_port = htons((uint16_t)atoi(port));
		address.size = sizeof(address.v6);
	} else {
		errno = EINVAL;
		die("reading an address");
	}
	return address;
}

/* Leaves no port behind. */
static void reset(int fd)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
}

static int listen_at(const struct address *address)
{
	int fd = socket(address->any.sa_family, SOCK_STREAM, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, &address->any, address->size) || listen(fd, 1024))
		die("listening");
	return fd;
}

static void serve(int listener)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		char byte;

		if (fd < 0 && errno == ECONNABORTED)
			continue;
		if (fd < 0)
			die("accepting");
		recv(fd, &byte, sizeof(byte), 0); /* until it is reset */
		close(fd);
	}
}

static void connect_once(const struct address *to)
{
	int fd = socket(to->any.sa_family, SOCK_STREAM, 0);
	struct address peer = {.v6 = {0}, .size = sizeof(peer.v6)};

	if (fd < 0 || connect(fd, &to->any, to->size))
		die("connecting");
	if (getpeername(fd, &peer.any, &peer.size))
		die("asking for the peer");
	if (memcmp(&peer.v6, &to->v6, to->size)) {
		errno = EPROTO;
		die("asking for the peer: it is not the address that was asked for");
	}
	reset(fd);
}

int main(int count, char **words)
{
	struct address to, listens;
	pid_t parent = getpid();
	int listener;

	if (count != 6) {
		fprintf(stderr, "usage: %s ADDRESS PORT LISTEN_ADDRESS LISTEN_PORT COUNT\n", words[0]);
		return 2;
	}
	to = read_address(words[1], words[2]);
	listens = read_address(words[3], words[4]);
	listener = listen_at(&listens);
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			return 0; /* it was faster: a listener takes connections before anybody accepts them */
		serve(listener);
	}
	close(listener);
	for (long left = atol(words[5]); left > 0; left--)
		connect_once(&to);
	return 0;
}
