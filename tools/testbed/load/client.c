// SPDX-License-Identifier: Apache-2.0
/* The connecting end. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "load.h"

enum stage { IDLE, CONNECTING, SENDING, RECEIVING, HOLDING, ENDING };

struct slot {
	int fd;
	enum stage stage;
	struct tally *tally;
	struct request_head head;
	uint64_t sent, received;
	uint64_t begun_ns;
	uint64_t due_ns; /* when to give up connecting, or to stop holding */
	struct slot *next_due;
	bool queued;
};

/* Waiting times of one kind are all equal, so that first in is first out. */
struct queue {
	struct slot *first, *last;
};

static const struct options *options;
static int poll_fd;
static struct tally *tallies;
static struct slot **idle;
static int idle_count;
static struct queue giving_up, holding;

static uint32_t pick(struct span span, uint64_t index)
{
	return span.least + (index * 7919) % ((uint64_t)span.most - span.least + 1);
}

static void enqueue(struct queue *queue, struct slot *slot, uint32_t after_ms)
{
	slot->due_ns = now_ns() + after_ms * 1000000ull;
	slot->next_due = NULL;
	slot->queued = true;
	if (queue->last)
		queue->last->next_due = slot;
	else
		queue->first = slot;
	queue->last = slot;
}

static void dequeue(struct queue *queue)
{
	struct slot *slot = queue->first;

	queue->first = slot->next_due;
	if (!queue->first)
		queue->last = NULL;
	slot->queued = false;
}

/* A slot that still stands in a queue becomes idle only when it leaves it. */
static void release(struct slot *slot)
{
	slot->stage = IDLE;
	if (!slot->queued)
		idle[idle_count++] = slot;
}

static void finish(struct slot *slot, bool reset)
{
	slot->tally->completed++;
	if (reset)
		close_with_reset(slot->fd);
	else
		close(slot->fd);
	release(slot);
}

static void break_off(struct slot *slot, uint64_t *counts, int error)
{
	counts[error]++;
	close(slot->fd);
	release(slot);
}

static void watch(struct slot *slot, int operation, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = slot};

	if (epoll_ctl(poll_fd, operation, slot->fd, &event))
		die("watching a socket");
}

static void end(struct slot *slot)
{
	char byte = 0;

	slot->stage = ENDING;
	switch (slot->head.ending) {
	case CLIENT_CLOSES:
		return finish(slot, false);
	case CLIENT_RESETS:
		return finish(slot, true);
	case SERVER_RESETS: /* "I have it all: reset me" */
		if (send(slot->fd, &byte, 1, MSG_NOSIGNAL) == 1)
			slot->tally->bytes_sent++;
		return;
	case SERVER_CLOSES:
		return;
	}
}

static void exchange_done(struct slot *slot)
{
	note_latency(now_ns() - slot->begun_ns);
	if (!options->hold_ms)
		return end(slot);
	slot->stage = HOLDING;
	enqueue(&holding, slot, options->hold_ms);
}

static void send_request(struct slot *slot)
{
	while (slot->sent < slot->head.request_bytes) {
		const char *bytes =
			slot->sent < sizeof(slot->head) ? (char *)&slot->head + slot->sent : payload;
		uint64_t until =
			slot->sent < sizeof(slot->head) ? sizeof(slot->head) : slot->head.request_bytes;
		size_t left = until - slot->sent;
		int more = until < slot->head.request_bytes ? MSG_MORE : 0;
		ssize_t length = send(slot->fd, bytes, left < CHUNK ? left : CHUNK, MSG_NOSIGNAL | more);

		if (length < 0 && errno == EAGAIN)
			return watch(slot, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
		if (length < 0)
			return break_off(slot, slot->tally->broken, errno);
		slot->sent += length;
		slot->tally->bytes_sent += length;
	}
	watch(slot, EPOLL_CTL_MOD, EPOLLIN);
	slot->stage = RECEIVING;
	if (slot->head.response_bytes == 0)
		exchange_done(slot);
}

static void connected(struct slot *slot, int error)
{
	if (error)
		return break_off(slot, slot->tally->failed, error);
	slot->tally->established++;
	slot->stage = SENDING;
	send_request(slot);
}

static void receive(struct slot *slot)
{
	static char buffer[CHUNK];

	while (slot->stage != IDLE) {
		ssize_t length = recv(slot->fd, buffer, sizeof(buffer), 0);
		bool ending = slot->received == slot->head.response_bytes && slot->stage != SENDING;

		if (length > 0) {
			slot->received += length;
			slot->tally->bytes_received += length;
			if (slot->received == slot->head.response_bytes)
				exchange_done(slot);
			continue;
		}
		if (length < 0 && errno == EAGAIN)
			return;
		if (length == 0 && ending && slot->head.ending == SERVER_CLOSES)
			return finish(slot, false);
		if (length < 0 && errno == ECONNRESET && ending && slot->head.ending == SERVER_RESETS)
			return finish(slot, false);
		return break_off(slot, slot->tally->broken, length < 0 ? errno : 0);
	}
}

static void on_event(struct slot *slot, uint32_t events)
{
	if (slot->stage == CONNECTING) {
		int error = 0;
		socklen_t length = sizeof(error);

		getsockopt(slot->fd, SOL_SOCKET, SO_ERROR, &error, &length);
		return connected(slot, error);
	}
	if (slot->stage == SENDING && (events & EPOLLOUT))
		send_request(slot);
	if (slot->stage != IDLE && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
		receive(slot);
}

static void start(struct slot *slot, uint64_t index)
{
	struct sockaddr_storage to = options->addresses[index % options->address_count];
	int port = index / options->address_count % options->port_count;
	int on = 1;

	set_port(&to, options->ports[port]);
	slot->fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (slot->fd < 0)
		die("making a socket");
	slot->tally = &tallies[port];
	slot->sent = slot->received = 0;
	slot->head = (struct request_head){REQUEST_MAGIC, pick(options->send, index),
					   pick(options->receive, index), options->ending};
	slot->tally->attempted++;
	for (int i = 0; i < options->source_count; i++) {
		const struct sockaddr_storage *from = &options->sources[(index + i) % options->source_count];

		if (from->ss_family != to.ss_family)
			continue;
		setsockopt(slot->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
		if (bind(slot->fd, (struct sockaddr *)from, length_of(from)))
			die("binding a source address");
		break;
	}
	slot->stage = CONNECTING;
	slot->begun_ns = now_ns();
	if (connect(slot->fd, (struct sockaddr *)&to, length_of(&to)) == 0) {
		watch(slot, EPOLL_CTL_ADD, EPOLLIN);
		return connected(slot, 0);
	}
	if (errno != EINPROGRESS)
		return connected(slot, errno);
	watch(slot, EPOLL_CTL_ADD, EPOLLOUT);
	if (options->give_up_ms)
		enqueue(&giving_up, slot, options->give_up_ms);
}

static void advance_queues(uint64_t now)
{
	while (giving_up.first && (giving_up.first->due_ns <= now || giving_up.first->stage != CONNECTING)) {
		struct slot *slot = giving_up.first;

		dequeue(&giving_up);
		if (slot->stage == CONNECTING) {
			slot->tally->abandoned++;
			close(slot->fd);
			release(slot);
		} else if (slot->stage == IDLE) {
			release(slot);
		}
	}
	while (holding.first && (holding.first->due_ns <= now || holding.first->stage != HOLDING)) {
		struct slot *slot = holding.first;

		dequeue(&holding);
		if (slot->stage == HOLDING)
			end(slot);
		else if (slot->stage == IDLE)
			release(slot);
	}
}

static int wait_ms(uint64_t now, uint64_t next_start)
{
	uint64_t due = next_start;

	if (giving_up.first && giving_up.first->due_ns < due)
		due = giving_up.first->due_ns;
	if (holding.first && holding.first->due_ns < due)
		due = holding.first->due_ns;
	if (due <= now)
		return 0;
	return due - now > 1000000000ull ? 1000 : (int)((due - now) / 1000000) + 1;
}

int run_client(const struct options *given)
{
	struct slot *slots = calloc(given->concurrency, sizeof(*slots));
	struct epoll_event events[512];
	uint64_t begin = now_ns(), started = 0;

	options = given;
	tallies = calloc(given->port_count, sizeof(*tallies));
	idle = calloc(given->concurrency, sizeof(*idle));
	for (int i = 0; i < given->concurrency; i++)
		idle[idle_count++] = &slots[i];
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	while (idle_count < given->concurrency || (started < given->connections && !stopping)) {
		uint64_t now = now_ns();
		uint64_t allowed = given->connections;
		bool may_start;
		int count;

		if (given->per_second) {
			allowed = (now - begin) * given->per_second / 1000000000ull + 1;
			if (allowed > given->connections)
				allowed = given->connections;
		}
		if (stopping)
			allowed = started;
		for (int burst = 0; burst < 64 && idle_count && started < allowed; burst++)
			start(idle[--idle_count], started++);
		may_start = idle_count && started < allowed;
		count = epoll_wait(poll_fd, events, 512,
				   may_start ? 0 : wait_ms(now, idle_count ? now + 1000000 : UINT64_MAX));
		for (int i = 0; i < count; i++)
			on_event(events[i].data.ptr, events[i].events);
		advance_queues(now_ns());
	}
	report("client", tallies, given, now_ns() - begin);
	return 0;
}
