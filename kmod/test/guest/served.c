// SPDX-License-Identifier: GPL-2.0-only
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bed.h"
#include "clients.h"
#include "served.h"

/* For as long as the case runs. */
static int listener(void)
{
	static int fd;
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(ENDPOINT_NOBODY),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int one = 1;

	if (fd)
		return fd;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	expect(!bind(fd, (struct sockaddr *)&address, sizeof(address)) && !listen(fd, 8));
	return fd;
}

static void receive_text(int fd, const char *text)
{
	size_t length = strlen(text), have = 0;
	char got[8192];

	expect(length <= sizeof(got));
	while (have < length) {
		ssize_t some = recv(fd, got + have, length - have, 0);

		expect(some > 0);
		have += some;
	}
	expect(!memcmp(got, text, length));
}

/* What the module had counted before. */
static char counted[8192];

static void note_counters(void)
{
	FILE *file = fopen("/proc/undermesh", "re");

	expect(file && fread(counted, 1, sizeof(counted) - 1, file) > 0);
	fclose(file);
}

static unsigned long counted_before(const char *name)
{
	char line[64], *found;

	snprintf(line, sizeof(line), "\n%s ", name);
	found = strstr(counted, line);
	expect(found);
	return strtoul(found + strlen(line), NULL, 10);
}

struct served serve(const char *request)
{
	struct served served = {};
	int fd = listener();

	served.client = connect_to(PORT_PATIENT, 0);
	note_counters();
	send_text(served.client, request);
	served.server = accept(fd, NULL, NULL);
	expect(served.server >= 0);
	receive_text(served.server, request);
	return served;
}

void says(struct served *served, const char *text)
{
	send_text(served->server, text);
	receive_text(served->client, text);
}

void asks(struct served *served, const char *text)
{
	send_text(served->client, text);
	receive_text(served->server, text);
}

void moves(struct served *served)
{
	char byte;

	expect(ask(served->client, "/a", NULL) == 'A');
	expect(recv(served->server, &byte, 1, 0) == 0);
	expect(ask(served->client, "/", "X-To: b") == 'B');
}

void stays(struct served *served, const char *reason)
{
	char name[64];

	asks(served, request_for("/a", NULL));
	asks(served, request_for("/", "X-To: b"));
	snprintf(name, sizeof(name), "stays_%s", reason);
	if (counter(name) != counted_before(name) + 1)
		fail("%s is %lu, was %lu", name, counter(name), counted_before(name));
}
