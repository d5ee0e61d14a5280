// SPDX-License-Identifier: Apache-2.0
/*
 * echo CLIENT_CPU SERVER_CPU
 *
 * Messages to and fro between two processes over loopback, one at a time. Reads lines "BYTES MILLISECONDS"; each opens a
 * connection, sends messages of that size and has each sent back whole, for so long, and answers
 * {"exchanges":N,"elapsedNs":T}. Ends with its input.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_BYTES (4u << 20)

static uint64_t message[MOST_BYTES / sizeof(uint64_t)];

static void die(const char *doing)
{
	fprintf(stderr, "echo: %s: %s\n", doing, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("choosing a CPU");
}

static void send_all(int fd, size_t bytes)
{
	for (size_t sent = 0; sent < bytes;) {
		ssize_t count = send(fd, (char *)message + sent, bytes - sent, MSG_NOSIGNAL);

		if (count < 0)
			die("sending");
		sent += (size_t)count;
	}
}

/* False when the other side is done. */
static bool receive_all(int fd, size_t bytes)
{
	for (size_t received = 0; received < bytes;) {
		ssize_t count = recv(fd, (char *)message + received, bytes - received, 0);

		if (count < 0)
			die("receiving");
		if (!count)
			return false;
		received += (size_t)count;
	}
	return true;
}

static void do_not_wait(int fd)
{
	int on = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
		die("setting TCP_NODELAY");
}

/*
 * The first message of a connection is its size, and what the server says to it: by then both ends are established, and
 * whatever joins them has joined them.
 */
static void serve(int listener)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		size_t bytes;

		if (fd < 0)
			die("accepting");
		do_not_wait(fd);
		if (receive_all(fd, sizeof(*message))) {
			bytes = message[0];
			send_all(fd, sizeof(*message));
			while (receive_all(fd, bytes))
				send_all(fd, bytes);
		}
		close(fd);
	}
}

static uint64_t exchange(int fd, size_t bytes, uint64_t number)
{
	size_t last = bytes / sizeof(*message) - 1;

	message[0] = message[last] = number;
	send_all(fd, bytes);
	message[0] = message[last] = 0;
	if (!receive_all(fd, bytes) || message[0] != number || message[last] != number) {
		errno = EPROTO;
		die("receiving what was sent");
	}
	return number + 1;
}

static void measure(const struct sockaddr_in *address, size_t bytes, uint64_t duration_ns)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	uint64_t done = 1, started_ns, elapsed_ns;

	if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)))
		die("connecting");
	do_not_wait(fd);
	exchange(fd, sizeof(*message), bytes);
	started_ns = now_ns();
	do {
		done = exchange(fd, bytes, done);
		elapsed_ns = now_ns() - started_ns;
	} while (elapsed_ns < duration_ns);
	close(fd);
	printf("{\"exchanges\":%" PRIu64 ",\"elapsedNs\":%" PRIu64 "}\n", done - 1, elapsed_ns);
	fflush(stdout);
}

int main(int count, char **words)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t size = sizeof(address);
	unsigned int milliseconds;
	size_t bytes;

	if (count != 3) {
		fprintf(stderr, "usage: %s CLIENT_CPU SERVER_CPU\n", words[0]);
		return 2;
	}
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) || listen(listener, 16) ||
	    getsockname(listener, (struct sockaddr *)&address, &size))
		die("listening");
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run_on(atoi(words[2]));
		serve(listener);
	}
	close(listener);
	run_on(atoi(words[1]));
	while (scanf("%zu %u", &bytes, &milliseconds) == 2) {
		if (bytes < sizeof(*message) || bytes > MOST_BYTES || bytes % sizeof(*message)) {
			errno = EINVAL;
			die("taking a size: a multiple of 8, at most 4 MiB");
		}
		measure(&address, bytes, milliseconds * 1000000ull);
	}
	return 0;
}
