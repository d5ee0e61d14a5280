// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"

#define RESPONSE_BYTES 4096

/* A connection; `open`: it is among those that are counted. */
struct connection {
	int fd;
	bool open;
	int asked;
	enum stage stage;
};

static _Atomic uint64_t begun;
static _Atomic int open_now, open_most;

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

int most_open(void)
{
	return open_most;
}

static void sleep_ns(uint64_t ns)
{
	struct timespec span = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

	nanosleep(&span, NULL);
}

static void count_open(struct connection *connection)
{
	int now, most;

	if (connection->open)
		return;
	connection->open = true;
	now = ++open_now;
	most = open_most;
	while (now > most && !atomic_compare_exchange_weak(&open_most, &most, now))
		;
}

/* Counted as closed before it is: who looks on never sees more than there are. */
static void leave(struct connection *connection)
{
	if (connection->open)
		open_now--;
	if (connection->fd >= 0)
		close(connection->fd);
	*connection = (struct connection){.fd = -1};
}

/* 0 or an errno. */
static int join(struct connection *connection, const struct sockaddr_storage *target)
{
	socklen_t length =
		target->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	int on = 1;

	connection->stage = CONNECTING;
	connection->fd = socket(target->ss_family, SOCK_STREAM, 0);
	if (connection->fd < 0)
		return errno;
	setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return connect(connection->fd, (const struct sockaddr *)target, length) ? errno : 0;
}

static int send_all(struct connection *connection, const char *text)
{
	size_t length = strlen(text);

	connection->stage = SENDING;
	while (length > 0) {
		ssize_t sent = send(connection->fd, text, length, MSG_NOSIGNAL);

		if (sent < 0)
			return errno;
		text += sent;
		length -= sent;
	}
	return 0;
}

/* A response with a Content-Length that fits; `response` is ended by a zero. -1: it is none. */
static int receive(struct connection *connection, char *response)
{
	const char *body = NULL, *field;
	size_t length = 0, whole = 0;

	connection->stage = RECEIVING;
	while (!body || length < whole) {
		ssize_t got = recv(connection->fd, response + length, RESPONSE_BYTES - 1 - length, 0);

		if (got <= 0)
			return got ? errno : -1;
		length += got;
		response[length] = 0;
		if (!body && (body = strstr(response, "\r\n\r\n"))) {
			field = strcasestr(response, "\r\ncontent-length:");
			if (!field || field > body)
				return -1;
			whole = body + 4 - response + strtoul(field + 17, NULL, 10);
			if (whole >= RESPONSE_BYTES)
				return -1;
		}
	}
	return 0;
}

/* The first word of the body says who answered. */
static void note_answer(struct tally *tally, const struct request *request, const char *response)
{
	const char *body = strstr(response, "\r\n\r\n") + 4;
	char name[NAME_BYTES] = {0};
	int i;

	memcpy(name, body, strnlen(body, sizeof(name) - 1));
	name[strcspn(name, " \n")] = 0;
	if (strncmp(response, "HTTP/1.1 200", 12) != 0)
		strcpy(name, "status");
	tally->done++;
	if (request->answer[0] && strcmp(name, request->answer) != 0)
		tally->wrong++;
	for (i = 0; i < MAX_REQUESTS - 1; i++)
		if (!tally->answers[i].name[0] || strcmp(tally->answers[i].name, name) == 0)
			break;
	memcpy(tally->answers[i].name, name, sizeof(name));
	tally->answers[i].count++;
}

static int exchange(struct connection *connection, const struct request *request, char *response)
{
	int error = send_all(connection, request->text);

	return error ? error : receive(connection, response);
}

static void ask_once(const struct options *options, struct connection *connection, int number,
		     struct tally *tally)
{
	const struct request *request = &options->requests[(tally->made + number) % options->request_count];
	uint64_t begun_ns = now_ns(), took_ns;
	char response[RESPONSE_BYTES];
	int error = 0;

	if (connection->fd < 0) {
		tally->connections++;
		error = join(connection,
			     &options->targets[(tally->connections + number) % options->target_count]);
	}
	if (!error)
		error = exchange(connection, request, response);
	tally->made++;
	took_ns = now_ns() - begun_ns;
	if (took_ns > tally->longest_ns)
		tally->longest_ns = took_ns;
	if (error) {
		tally->failed[connection->stage][error > 0 && error < MAX_ERRNO ? error : 0]++;
		leave(connection);
		return;
	}
	note_answer(tally, request, response);
	count_open(connection);
	if (++connection->asked == options->per_connection) {
		if (options->hold_ms)
			sleep_ns(options->hold_ms * 1000000ull);
		leave(connection);
	}
}

void ask(const struct options *options, int number, struct tally *tally)
{
	struct connection connection = {.fd = -1};
	uint64_t started_ns = now_ns();

	while (!stopping) {
		uint64_t at = begun++, due_ns = 0, now;

		if (options->total && at >= options->total)
			break;
		if (options->per_s)
			due_ns = started_ns + at * 1000000000ull / options->per_s;
		now = now_ns();
		if (due_ns > now)
			sleep_ns(due_ns - now);
		ask_once(options, &connection, number, tally);
	}
	leave(&connection);
}
