// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bed.h"
#include "clients.h"
#include "compare.h"

#define SEEN_MAX 64

const struct target target_a = {"/a", "127.0.0.1", ENDPOINT_A};
const struct target target_nobody = {"/nobody", "127.0.0.1", ENDPOINT_NOBODY};
const struct target target_silent = {"/silent", "127.0.0.1", ENDPOINT_SILENT};
const struct target target_away = {"/away", AWAY_ADDRESS, ENDPOINT_A};
const struct target target_unreachable = {"/unreachable", UNREACHABLE_ADDRESS, ENDPOINT_A};

static struct seen {
	const char *what;
	long value;
} seen[2][SEEN_MAX];

static int counts[2], now;

int new_socket(int flags)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	expect(fd >= 0);
	return fd;
}

int connect_by(const struct way *way, int fd)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(PORT_PATIENT),
				      .sin_addr.s_addr = htonl(SERVICE_ADDRESS)};

	if (!way->deferred) {
		address.sin_port = htons(way->target->port);
		expect(inet_pton(AF_INET, way->target->address, &address.sin_addr) == 1);
	}
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) ? errno : 0;
}

const char *request_by(const struct way *way)
{
	return request_for(way->target->path, NULL);
}

void saw(const char *what, long value)
{
	expect(counts[now] < SEEN_MAX);
	seen[now][counts[now]++] = (struct seen){what, value};
}

void compare(const struct target *target, void (*story)(const struct way *way))
{
	int i;

	for (now = 0; now < 2; now++) {
		struct way way = {target, now == 1};

		counts[now] = 0;
		story(&way);
	}
	for (i = 0; i < counts[0] && i < counts[1]; i++) {
		if (strcmp(seen[0][i].what, seen[1][i].what))
			fail("%s where plain TCP has %s", seen[1][i].what, seen[0][i].what);
		if (seen[0][i].value != seen[1][i].value)
			fail("%s (%d): %ld, with plain TCP %ld", seen[0][i].what, i, seen[1][i].value,
			     seen[0][i].value);
	}
	if (counts[0] != counts[1])
		fail("%d things were seen, with plain TCP %d", counts[1], counts[0]);
}

void fill_silent_endpoint(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(ENDPOINT_SILENT),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = new_socket(0), one = 1, i;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	expect(!bind(listener, (struct sockaddr *)&address, sizeof(address)) && !listen(listener, 0));
	for (i = 0; i < 2; i++)
		connect(new_socket(SOCK_NONBLOCK), (struct sockaddr *)&address, sizeof(address));
	usleep(100000);
}
