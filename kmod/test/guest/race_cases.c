// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that do whatever a program can do to sockets, at once and to the same ones, while the router and the hooks come
 * and go. Nothing is expected of any call: the kernel has to survive it, and all that was held must be given back.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "bed.h"
#include "cases.h"
#include "leaks.h"
#include "programs.h"

#define THREADS 8
#define SOCKETS 16

static int sockets[SOCKETS];
static pthread_t threads[THREADS];
static time_t end;
static unsigned long deeds, switches;

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
		"GET / HTTP/1.1\r\nHost: shop\r\nX-To: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: shop\r\n\r\n",
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
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	char text[256];

	switch (rand_r(dice) % 4) {
	case 0:
		poll(&poll_fd, 1, rand_r(dice) % 3);
		break;
	case 1:
		getpeername(fd, (struct sockaddr *)&address, &length);
		break;
	case 2:
		getsockname(fd, (struct sockaddr *)&address, &length);
		break;
	default:
		recv(fd, text, sizeof(text), rand_r(dice) % 4 ? MSG_DONTWAIT : 0);
	}
}

/* One of its own, on which each request may go elsewhere: it is heard out, so that there can be a next one. */
static void ask_repeatedly(unsigned int *dice)
{
	static const char *const texts[] = {
		"GET /a HTTP/1.1\r\nHost: shop\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: shop\r\nX-To: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: shop\r\n\r\n",
	};
	int fd = new_socket(dice), i;
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char answer[512];

	connect_any(fd, dice);
	for (i = 0; i < 8; i++) {
		const char *text = texts[rand_r(dice) % 3];

		send(fd, text, strlen(text), MSG_NOSIGNAL);
		if (poll(&poll_fd, 1, 100) != 1 || recv(fd, answer, sizeof(answer), MSG_DONTWAIT) <= 0)
			break;
	}
	close(fd);
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

		__atomic_add_fetch(&deeds, 1, __ATOMIC_RELAXED);
		switch (rand_r(&dice) % 17) {
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
		case 15:
			ask_repeatedly(&dice);
			break;
		default:
			pthread_kill(threads[rand_r(&dice) % THREADS], SIGUSR1);
		}
	}
	return NULL;
}

/* What an agent does that is replaced, or switches to another engine and back. */
static void *switch_engines(void *argument)
{
	unsigned int dice = (long)argument;

	for (; time(NULL) < end; switches++) {
		usleep(rand_r(&dice) % 50000);
		switch (rand_r(&dice) % 4) {
		case 0:
			detach_hooks();
			usleep(rand_r(&dice) % 20000);
			attach_hooks();
			break;
		case 1:
			detach_router();
			usleep(rand_r(&dice) % 20000);
			attach_router();
			break;
		default:
			replace_router();
		}
	}
	return NULL;
}

static void survives_a_race(void)
{
	struct sigaction action = {.sa_handler = interrupted};
	struct holdings before = take_stock();
	pthread_t switcher;
	long i;

	alarm(race_s + 150);
	attach_programs();
	sigaction(SIGUSR1, &action, NULL);
	end = time(NULL) + race_s;
	for (i = 0; i < SOCKETS; i++)
		sockets[i] = -1;
	/* A signal needs a thread to go to: all are there before any of them races. */
	for (i = 0; i < THREADS; i++)
		threads[i] = pthread_self();
	for (i = 0; i < THREADS; i++)
		expect(!pthread_create(&threads[i], NULL, race, (void *)(i + 1)));
	expect(!pthread_create(&switcher, NULL, switch_engines, (void *)i));
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_join(switcher, NULL);
	for (i = 0; i < SOCKETS; i++)
		close(sockets[i]);
	detach_programs();
	fprintf(stderr, "raced: %lu deeds, %lu switches\n", deeds, switches);
	expect_no_more_than(before);
}

const struct test_case race_cases[] = {
	CASE(survives_a_race),
	{},
};
