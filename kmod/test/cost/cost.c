// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a short connection takes, and what a request on a connection that is kept, with both ends and whatever is between them.
 *
 *   cost counted MODULE OBJECT HAPROXY_CONFIGURATION...
 *     in a guest whose clock counts instructions (-icount shift=0, one CPU); loads the module
 *   cost timed OBJECT HAPROXY_CONFIGURATION...
 *     on real hardware where the module is loaded
 *
 * prints "cost WAY KIND HEAD MEAN P50 P99" for each round: instructions or nanoseconds, HEAD in bytes.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../guest/bed.h"
#include "../guest/programs.h"

#define ROUNDS	  7
#define PER_ROUND 300
#define WARM_UP	  50

/* The configurations have HAProxy listen there; the second one sends on to the first. */
#define PORT_ONE_HOP  9001
#define PORT_TWO_HOPS 9002

struct way {
	const char *name;
	uint32_t address;
	int port;
	bool hooked;	  /* in the cgroup whose connections are deferred */
	bool alternating; /* each request on a connection that is kept goes elsewhere than the one before it */
};

static const struct way ways[] = {
	{"plain", INADDR_LOOPBACK, ENDPOINT_A, false, false},
	{"deferred", SERVICE_ADDRESS, PORT_PATIENT, true, false},
	{"deferred-alternating", SERVICE_ADDRESS, PORT_PATIENT, true, true},
	{"haproxy-one", INADDR_LOOPBACK, PORT_ONE_HOP, false, false},
	{"haproxy-two", INADDR_LOOPBACK, PORT_TWO_HOPS, false, false},
	/* Once more: what two equal ways differ by is noise. */
	{"plain-again", INADDR_LOOPBACK, ENDPOINT_A, false, false},
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* --- the server: one thread, one answer for each request --- */

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nA\n";

static void watch(int epoll, int fd, bool listens)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)listens << 32 | (uint32_t)fd};

	expect(!epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

static void serve_one(int epoll, struct epoll_event event)
{
	int fd = (uint32_t)event.data.u64, one = 1;
	char text[4096];

	if (event.data.u64 >> 32) {
		fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		watch(epoll, fd, false);
	} else if (read(fd, text, sizeof(text)) <= 0) {
		close(fd);
	} else {
		expect(write(fd, answer, sizeof(answer) - 1) == sizeof(answer) - 1);
	}
}

static int listen_on(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	expect(!bind(fd, (struct sockaddr *)&address, sizeof(address)) && !listen(fd, 64));
	return fd;
}

static void serve(void)
{
	int listeners[] = {listen_on(ENDPOINT_A), listen_on(ENDPOINT_B)},
	    epoll = epoll_create1(EPOLL_CLOEXEC), i;

	if (fork())
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < 2; i++)
		watch(epoll, listeners[i], true);
	for (;;) {
		struct epoll_event events[16];
		int count = epoll_wait(epoll, events, 16, -1);

		for (i = 0; i < count; i++)
			serve_one(epoll, events[i]);
	}
}

static void start_proxy(const char *configuration)
{
	if (fork())
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execlp("haproxy", "haproxy", "-q", "-db", "-f", configuration, NULL);
	fail("no haproxy");
}

/* --- the client --- */

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static int dial(const struct way *way)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(way->port), .sin_addr.s_addr = htonl(way->address)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	expect(fd >= 0 && !connect(fd, (struct sockaddr *)&to, sizeof(to)));
	return fd;
}

/* Heads for either of the two endpoints, of the same length. */
static char heads[2][1024];

static void make_heads(size_t length)
{
	static const char *const fronts[] = {"GET /a HTTP/1.1\r\nHost: shop\r\nX-To: a\r\n",
					     "GET /0 HTTP/1.1\r\nHost: shop\r\nX-To: b\r\n"};
	static const char fields[] =
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)\r\n"
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
		"Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n"
		"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n";
	int i;

	for (i = 0; i < 2; i++)
		snprintf(heads[i], sizeof(heads[i]), "%s%s\r\n", fronts[i], length > 100 ? fields : "");
}

static void ask_once(int fd, const char *head)
{
	size_t length = strlen(head);
	char text[512];
	ssize_t got;

	expect(send(fd, head, length, MSG_NOSIGNAL) == (ssize_t)length);
	got = recv(fd, text, sizeof(text), 0);
	expect(got > 2 && text[got - 1] == '\n');
}

/* Asks, and notes after each time what the clock says. `fd`: of a connection that is kept, or -1. */
static void ask_repeatedly(const struct way *way, int fd, int count, uint64_t *clock)
{
	int i;

	for (i = 0; i < count; i++) {
		int own = fd < 0 ? dial(way) : fd;

		ask_once(own, heads[fd >= 0 && way->alternating && i % 2]);
		if (fd < 0)
			close(own);
		clock[i] = now();
	}
}

#define PLAIN_CGROUP "/sys/fs/cgroup/undermesh-plain"

/* Of its own as well: that a process is in a cgroup costs, whether its connections are deferred or not. */
static void enter_plain_cgroup(void)
{
	FILE *file;

	mkdir(PLAIN_CGROUP, 0755);
	file = fopen(PLAIN_CGROUP "/cgroup.procs", "we");
	expect(file && fputs("0", file) >= 0 && !fclose(file));
}

static int compare_times(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return (a > b) - (a < b);
}

static void measure(const struct way *way, const char *kind, double scale)
{
	uint64_t clock[PER_ROUND + 1];
	int fd = strcmp(kind, "kept") ? -1 : dial(way), i;
	double mean;

	ask_repeatedly(way, fd, WARM_UP, clock);
	clock[0] = clock[WARM_UP - 1];
	ask_repeatedly(way, fd, PER_ROUND, clock + 1);
	mean = (double)(clock[PER_ROUND] - clock[0]) / PER_ROUND;
	for (i = 0; i < PER_ROUND; i++)
		clock[i] = clock[i + 1] - clock[i];
	qsort(clock, PER_ROUND, sizeof(clock[0]), compare_times);
	printf("cost %s %s %zu %.0f %.0f %.0f\n", way->name, kind, strlen(heads[0]), mean * scale,
	       clock[PER_ROUND / 2] * scale, clock[PER_ROUND * 99 / 100] * scale);
}

/* In a process of its own, which is in the cgroup or is not. */
static void measure_apart(const struct way *way, double scale)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		if (way->hooked)
			enter_cgroup();
		else
			enter_plain_cgroup();
		measure(way, "short", scale);
		measure(way, "kept", scale);
		fflush(stdout);
		_exit(0);
	}
	expect(waitpid(child, &status, 0) == child && !status);
}

/* How many instructions the guest makes while its clock goes on by a nanosecond: the most that was seen, undisturbed. */
static double instructions_per_ns(void)
{
	double most = 0;
	int tries;

	for (tries = 0; tries < 10; tries++) {
		uint64_t began = now(), count = 5000000;
		double seen;

		__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(count));
		seen = 2 * 5000000.0 / (now() - began);
		most = seen > most ? seen : most;
		usleep(100000);
	}
	return most;
}

static void wait_for_proxies(void)
{
	int tries, proxy;

	for (proxy = 3; proxy < 5; proxy++) {
		struct sockaddr_in to = {.sin_family = AF_INET,
					 .sin_port = htons(ways[proxy].port),
					 .sin_addr.s_addr = htonl(ways[proxy].address)};

		for (tries = 0; tries < 600; tries++) {
			int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
			bool there = !connect(fd, (struct sockaddr *)&to, sizeof(to));

			close(fd);
			if (there)
				break;
			usleep(100000);
		}
	}
}

int main(int count, char **words)
{
	static const size_t lengths[] = {60, 400};
	bool counted = count > 1 && !strcmp(words[1], "counted");
	double scale = 1;
	size_t i, way;
	int round;

	if (count < (counted ? 4 : 3)) {
		fprintf(stderr, "cost counted MODULE OBJECT HAPROXY_CONFIGURATION...\n"
				"cost timed OBJECT HAPROXY_CONFIGURATION...\n");
		return 2;
	}
	words += 2;
	if (counted) {
		module_path = *words++;
		expect(!load_module());
		scale = instructions_per_ns();
		printf("an instruction takes %.3f ns by the clock\n", 1 / scale);
	}
	programs_path = *words++;
	serve();
	for (; *words; words++)
		start_proxy(*words);
	attach_programs();
	wait_for_proxies();
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		make_heads(lengths[i]);
		for (round = 0; round < ROUNDS; round++)
			for (way = 0; way < WAYS; way++)
				measure_apart(&ways[way], scale);
	}
	rmdir(PLAIN_CGROUP);
	return 0;
}
