// SPDX-License-Identifier: Apache-2.0
/* Sends and reads messages on a blocking socket, a byte at a time where that matters. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include "http-load.h"

static char filler[BUFFER];

uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

void pause_ms(int ms)
{
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&time, NULL);
}

void die(const char *doing)
{
	fprintf(stderr, "http-load: %s: %s\n", doing, strerror(errno));
	exit(1);
}

void wire_open(struct wire *wire, int fd)
{
	int yes = 1;

	wire->fd = fd;
	wire->begin = wire->end = 0;
	wire->sent_bytes = wire->received_bytes = 0;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

bool wire_send(struct wire *wire, const char *bytes, size_t length)
{
	while (length) {
		ssize_t sent = send(wire->fd, bytes, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		wire->sent_bytes += sent;
		bytes += sent;
		length -= sent;
	}
	return true;
}

bool wire_send_head(struct wire *wire, const char *head, size_t length, size_t split)
{
	return wire_send(wire, head, split) && wire_send(wire, head + split, length - split);
}

bool wire_send_body(struct wire *wire, uint64_t length, uint32_t chunk)
{
	char size[32];

	while (length) {
		uint64_t piece = chunk && chunk < length ? chunk : length;
		uint64_t left = piece;

		if (chunk && !wire_send(wire, size,
					snprintf(size, sizeof(size), "%llx\r\n", (unsigned long long)piece)))
			return false;
		while (left) {
			size_t some = left < sizeof(filler) ? left : sizeof(filler);

			if (!wire_send(wire, filler, some))
				return false;
			left -= some;
		}
		if (chunk && !wire_send(wire, "\r\n", 2))
			return false;
		length -= piece;
	}
	return !chunk || wire_send(wire, "0\r\n\r\n", 5);
}

static bool read_more(struct wire *wire)
{
	ssize_t got;

	if (wire->begin) {
		memmove(wire->buffer, wire->buffer + wire->begin, wire->end - wire->begin);
		wire->end -= wire->begin;
		wire->begin = 0;
	}
	if (wire->end == sizeof(wire->buffer) - 1)
		return false;
	got = recv(wire->fd, wire->buffer + wire->end, sizeof(wire->buffer) - 1 - wire->end, 0);
	if (got <= 0)
		return false;
	wire->read_ns = now_ns();
	wire->end += got;
	wire->received_bytes += got;
	wire->buffer[wire->end] = 0;
	return true;
}

/* Up to and with `end`; the text before it is ended by a zero. */
static bool read_until(struct wire *wire, const char *end, char **text)
{
	char *found;

	while (wire->begin == wire->end || !(found = strstr(wire->buffer + wire->begin, end)))
		if (!read_more(wire))
			return false;
	*text = wire->buffer + wire->begin;
	*found = 0;
	wire->begin = found + strlen(end) - wire->buffer;
	return true;
}

bool wire_read_head(struct wire *wire, char **head)
{
	return read_until(wire, "\r\n\r\n", head);
}

bool wire_skip(struct wire *wire, uint64_t length)
{
	while (length) {
		size_t some = wire->end - wire->begin;

		if (!some && !read_more(wire))
			return false;
		some = wire->end - wire->begin;
		if (some > length)
			some = length;
		wire->begin += some;
		length -= some;
	}
	return true;
}

const char *wire_field(const char *head, const char *name)
{
	const char *line = head;

	while ((line = strstr(line, "\r\n"))) {
		line += 2;
		if (!strncasecmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			return line + strlen(name) + 1;
	}
	return NULL;
}

bool wire_skip_body(struct wire *wire, const char *head)
{
	const char *length = wire_field(head, "Content-Length");
	unsigned long long size = 1;
	char *line;

	if (length)
		return wire_skip(wire, strtoull(length, NULL, 10));
	if (!wire_field(head, "Transfer-Encoding"))
		return true;
	while (size) {
		if (!read_until(wire, "\r\n", &line))
			return false;
		size = strtoull(line, NULL, 16);
		if (!wire_skip(
			    wire,
			    size + 2)) /* with the line break; after the last chunk it is the empty trailer */
			return false;
	}
	return true;
}
