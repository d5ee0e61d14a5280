// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that do whatever a program can do to sockets, at once and to the same ones. Nothing is expected of any call:
 * the kernel has to survive it, and all that the module held must be given back.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "bed.h"
#include "cases.h"

#define THREADS 8
#define SOCKETS 16

static int sockets[SOCKETS];
static pthread_t threads[THREADS];
static time_t end;

static void interrupted(int signal)
{
	(void)signal;
}

/* Blocking for at most 20 ms, or not at all. */
static int new_socket(unsigned int *dice)
{
	struct timeval patience = {.tv_usec = 20000};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (rand_r(dice) % 2 ? SOCK_NONBLOCK : 0), 0);

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void connect_any(int fd, unsigned int *dice)
{
	static const int ports[] = {PORT_PATIENT, PORT_HASTY, PORT_BANNER, PORT_GONE};
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(ports[rand_r(dice) % 4]),
				      .sin_addr.s_addr = htonl(SERVICE_ADDRESS)};

	connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static void disconnect(int fd)
{
	struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

	connect(fd, &nowhere, sizeof(nowhere));
}

static void send_any(int fd, unsigned int *dice)
{
	static const char *const texts[] = {
		"GET /a HTTP/1.1\r\nHost: shop\r\n\r\n",
		"GET /nobody HTTP/1.1\r\nHost: shop\r\n\r\n",
		"GET /reject HTTP/1.1\r\nHost: shop\r\n\r\n",
		"GET / HTTP/1.1\r\nHo",
		"st: shop\r\n",
		"X: y\r\n",
		"\r\n",
		"\x16\x03\x01",
	};
	const char *text = texts[rand_r(dice) % (sizeof(texts) / sizeof(texts[0]))];

	send(fd, text, strlen(text), MSG_NOSIGNAL | (rand_r(dice) % 2 ? MSG_DONTWAIT : 0));
}

static void look_at(int fd, unsigned int *dice)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN | POLLOUT};
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);
	char text[256];

	switch (rand_r(dice) % 3) {
	case 0:
		poll(&poll_fd, 1, rand_r(dice) % 3);
		break;
	case 1:
		getpeername(fd, (struct sockaddr *)&peer, &length);
		break;
	default:
		recv(fd, text, sizeof(text), rand_r(dice) % 4 ? MSG_DONTWAIT : 0);
	}
}

static void replace(int slot, unsigned int *dice)
{
	int fd = new_socket(dice);

	connect_any(fd, dice);
	close(__atomic_exchange_n(&sockets[slot], fd, __ATOMIC_RELAXED));
}

static void *race(void *argument)
{
	unsigned int dice = (long)argument;

	while (time(NULL) < end) {
		int slot = rand_r(&dice) % SOCKETS, fd = __atomic_load_n(&sockets[slot], __ATOMIC_RELAXED);

		switch (rand_r(&dice) % 16) {
		case 0 ... 5:
			send_any(fd, &dice);
			break;
		case 6 ... 9:
			look_at(fd, &dice);
			break;
		case 10 ... 12:
			replace(slot, &dice);
			break;
		case 13:
			shutdown(fd, rand_r(&dice) % 3);
			break;
		case 14:
			disconnect(fd);
			connect_any(fd, &dice);
			break;
		default:
			pthread_kill(threads[rand_r(&dice) % THREADS], SIGUSR1);
		}
	}
	return NULL;
}

static void survives_a_race(void)
{
	struct sigaction action = {.sa_handler = interrupted};
	long i;

	alarm(0);
	sigaction(SIGUSR1, &action, NULL);
	end = time(NULL) + RACE_S;
	for (i = 0; i < SOCKETS; i++)
		sockets[i] = -1;
	/* A signal needs a thread to go to: all are there before any of them races. */
	for (i = 0; i < THREADS; i++)
		threads[i] = pthread_self();
	for (i = 0; i < THREADS; i++)
		expect(!pthread_create(&threads[i], NULL, race, (void *)(i + 1)));
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

const struct test_case race_cases[] = {
	CASE(survives_a_race),
	{},
};
