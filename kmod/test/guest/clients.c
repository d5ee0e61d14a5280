// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bed.h"
#include "clients.h"

static int connect_to_address(unsigned int address, int port, int flags)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	expect(fd >= 0);
	expect(!connect(fd, (struct sockaddr *)&to, sizeof(to)));
	return fd;
}

int connect_to(int port, int flags)
{
	return connect_to_address(SERVICE_ADDRESS, port, flags);
}

int connect_to_endpoint(int endpoint)
{
	return connect_to_address(INADDR_LOOPBACK, endpoint, 0);
}

void send_text(int fd, const char *text)
{
	size_t length = strlen(text);

	while (length) {
		ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);

		if (sent < 0)
			fail("send: %s", strerror(errno));
		text += sent;
		length -= sent;
	}
}

/* The letter is behind the head, or all there is. */
char answer_of(int fd)
{
	char text[512];
	size_t have = 0;

	for (;;) {
		ssize_t got = read(fd, text + have, sizeof(text) - 1 - have);
		char *end;

		if (got < 0)
			fail("read: %s", strerror(errno));
		if (!got)
			fail("the server closed the connection after %zu bytes", have);
		have += got;
		text[have] = '\0';
		if (have >= 2 && strncmp(text, "HT", 2))
			return text[0];
		end = strstr(text, "\r\n\r\n");
		if (end && strlen(end) >= 6)
			return end[4];
	}
}

const char *request_for(const char *path, const char *field)
{
	static _Thread_local char text[512];

	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: shop\r\n%s%s\r\n", path, field ? field : "",
		 field ? "\r\n" : "");
	return text;
}

char ask(int fd, const char *path, const char *field)
{
	send_text(fd, request_for(path, field));
	return answer_of(fd);
}
