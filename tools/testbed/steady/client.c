// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "steady.h"

enum kind { LASTING, REQUEST, PROBE, KINDS };

/* One connection. A lasting one sends a message when the last has come back and its time has come. */
struct slot {
	int fd;
	enum kind kind;
	bool connected, waiting; /* for the answer to the last message */
	struct message message;
	size_t received;
	uint64_t begun_ns, due_ns;
	struct slot *next;
};

static const struct options *options;
static struct tally tallies[KINDS];
static uint64_t messages, out_of_order, started_ns;
static int poll_fd, opened, under_way; /* requests and probes that are not over */
static struct slot *lasting, *spare;

static void fail(struct slot *slot, int error)
{
	struct tally *tally = &tallies[slot->kind];
	uint64_t at = now_ns() - started_ns;

	tally->failed[error < MAX_ERRNO ? error : MAX_ERRNO - 1]++;
	if (!tally->first_failure_ns)
		tally->first_failure_ns = at;
	tally->last_failure_ns = at;
	close(slot->fd);
	slot->fd = -1;
	if (slot->kind != LASTING) {
		slot->next = spare;
		spare = slot;
		under_way--;
	}
}

static void note(struct tally *tally, uint64_t took_ns)
{
	if (took_ns > tally->longest_ns)
		tally->longest_ns = took_ns;
}

/* Done without a trace: a reset leaves no port behind. */
static void finish(struct slot *slot)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};
	struct tally *tally = &tallies[slot->kind];

	note(tally, now_ns() - slot->begun_ns);
	tally->done++;
	setsockopt(slot->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(slot->fd);
	slot->fd = -1;
	slot->next = spare;
	spare = slot;
	under_way--;
}

static void begin(struct slot *slot, enum kind kind)
{
	const struct sockaddr_storage *target = &options->targets[opened++ % options->target_count];
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = slot};
	int on = 1;

	memset(slot, 0, sizeof(*slot));
	slot->kind = kind;
	slot->begun_ns = now_ns();
	tallies[kind].made++;
	under_way += kind != LASTING;
	slot->fd = socket(target->ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (slot->fd < 0)
		die("making a socket");
	setsockopt(slot->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(slot->fd, (const struct sockaddr *)target, length_of(target)) && errno != EINPROGRESS)
		return fail(slot, errno);
	if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, slot->fd, &event))
		die("watching a socket");
}

static void begin_one(enum kind kind)
{
	struct slot *slot = spare;

	if (slot)
		spare = slot->next;
	else if (!(slot = malloc(sizeof(*slot))))
		die("keeping connections");
	begin(slot, kind);
}

static void say(struct slot *slot)
{
	slot->message.number++;
	slot->message.sent_ns = now_ns();
	slot->received = 0;
	slot->waiting = true;
	if (send(slot->fd, &slot->message, sizeof(slot->message), MSG_NOSIGNAL) != sizeof(slot->message))
		fail(slot, errno);
}

static void hear(struct slot *slot)
{
	struct message answer;
	char *to = (char *)&answer;

	while (slot->waiting) {
		ssize_t got = recv(slot->fd, to + slot->received, sizeof(answer) - slot->received, MSG_PEEK);

		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0)
			return fail(slot, got ? errno : 0);
		if (got < (ssize_t)sizeof(answer))
			return; /* the rest is on its way */
		recv(slot->fd, &answer, sizeof(answer), 0);
		slot->waiting = false;
		if (memcmp(&answer, &slot->message, sizeof(answer)))
			out_of_order++;
		if (slot->kind == REQUEST)
			return finish(slot);
		messages++;
		note(&tallies[LASTING], now_ns() - slot->message.sent_ns);
		slot->due_ns = slot->message.sent_ns + options->message_ms * 1000000ull;
	}
}

static void go_on(struct slot *slot, uint32_t events)
{
	socklen_t length = sizeof(int);
	int error = 0;

	if (slot->fd < 0)
		return;
	if (!slot->connected) {
		if (getsockopt(slot->fd, SOL_SOCKET, SO_ERROR, &error, &length) || error)
			return fail(slot, error);
		if (!(events & EPOLLOUT))
			return;
		slot->connected = true;
		if (slot->kind == PROBE)
			return finish(slot);
		say(slot);
	}
	if (slot->fd >= 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		hear(slot);
}

/* Whether one of a kind is due after so long; not while the machine has more of them than it can do. */
static bool is_due(enum kind kind, int per_s, uint64_t elapsed_ns)
{
	return tallies[kind].made < per_s * (elapsed_ns / 1000000) / 1000 && under_way < MAX_UNDER_WAY;
}

static void turn(void)
{
	struct epoll_event events[256];
	uint64_t now = now_ns();
	int count;

	while (is_due(REQUEST, options->requests_per_s, now - started_ns))
		begin_one(REQUEST);
	while (is_due(PROBE, options->probes_per_s, now - started_ns))
		begin_one(PROBE);
	for (int i = 0; i < options->lasting; i++)
		if (lasting[i].fd >= 0 && lasting[i].connected && !lasting[i].waiting &&
		    lasting[i].due_ns <= now)
			say(&lasting[i]);
	count = epoll_wait(poll_fd, events, 256, 1);
	for (int i = 0; i < count; i++)
		go_on(events[i].data.ptr, events[i].events);
}

static uint64_t failures(const struct tally *tally)
{
	uint64_t sum = 0;

	for (int error = 0; error < MAX_ERRNO; error++)
		sum += tally->failed[error];
	return sum;
}

static void print(const char *name, const struct tally *tally)
{
	const char *separator = "";

	printf("\"%s\":{\"made\":%" PRIu64 ",\"done\":%" PRIu64 ",\"longestMs\":%.1f,\"failed\":{", name,
	       tally->made, tally->done, tally->longest_ns / 1e6);
	for (int error = 0; error < MAX_ERRNO; error++) {
		if (!tally->failed[error])
			continue;
		printf("%s\"%s\":%" PRIu64, separator, error ? strerrorname_np(error) : "EOF",
		       tally->failed[error]);
		separator = ",";
	}
	printf("}");
	if (failures(tally))
		printf(",\"failedFromMs\":%" PRIu64 ",\"failedToMs\":%" PRIu64,
		       tally->first_failure_ns / 1000000, tally->last_failure_ns / 1000000);
	printf("}");
}

/* A message that is still out at the end has stood still for as long as that. */
static void note_unanswered(void)
{
	for (int i = 0; i < options->lasting; i++)
		if (lasting[i].fd >= 0 && lasting[i].waiting)
			note(&tallies[LASTING], now_ns() - lasting[i].message.sent_ns);
}

int run_client(const struct options *given)
{
	uint64_t stop_ns;

	options = given;
	poll_fd = epoll_create1(0);
	lasting = calloc(options->lasting + 1, sizeof(*lasting));
	if (!lasting)
		die("keeping connections");
	started_ns = now_ns();
	for (int i = 0; i < options->lasting; i++) {
		begin(&lasting[i], LASTING);
		if (i % 64 == 63)
			turn();
	}
	while (!stopping)
		turn();
	note_unanswered();
	stop_ns = now_ns() + 2000000000; /* for what is under way */
	for (int kind = REQUEST; kind <= PROBE; kind++) {
		while (tallies[kind].done + failures(&tallies[kind]) < tallies[kind].made &&
		       now_ns() < stop_ns) {
			struct epoll_event events[256];
			int count = epoll_wait(poll_fd, events, 256, 10);

			for (int i = 0; i < count; i++)
				go_on(events[i].data.ptr, events[i].events);
		}
	}
	printf("{");
	print("lasting", &tallies[LASTING]);
	printf(",");
	print("requests", &tallies[REQUEST]);
	printf(",");
	print("probes", &tallies[PROBE]);
	printf(",\"messages\":%" PRIu64 ",\"outOfOrder\":%" PRIu64 ",\"elapsedMs\":%" PRIu64 "}\n", messages,
	       out_of_order, (now_ns() - started_ns) / 1000000);
	return 0;
}
