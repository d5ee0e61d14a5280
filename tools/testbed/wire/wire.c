// SPDX-License-Identifier: Apache-2.0
/*
 * A wire between two network interfaces that takes its time: every frame that comes in on one leaves on the other after a
 * delay, in order. For kernels without netem. Frames are passed on with their virtio-net header, so that segmentation and
 * checksums that were left to the interface stay so.
 *
 *   wire INTERFACE INTERFACE --delay-ms N      N in each direction; prints "ready", ends with its standard input
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME_BYTES (96 * 1024)
/* Frames under way in one direction at most; more are dropped, as a full queue does. */
#define FRAMES			4096
#define VIRTIO_NET_HEADER_BYTES 10

struct frame {
	uint64_t due_ns;
	size_t length;
	uint8_t *bytes;
};

/* What is under way from one interface to the other, oldest first. */
struct direction {
	int from, to;
	struct frame frames[FRAMES];
	size_t first, count;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int open_interface(const char *name)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL)), on = 1;

	if (descriptor < 0)
		fail("socket");
	address.sll_ifindex = (int)if_nametoindex(name);
	if (address.sll_ifindex == 0)
		fail(name);
	if (setsockopt(descriptor, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) ||
	    setsockopt(descriptor, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)))
		fail("setsockopt");
	if (bind(descriptor, (struct sockaddr *)&address, sizeof(address)))
		fail("bind");
	return descriptor;
}

static void take_in(struct direction *direction, uint64_t delay_ns)
{
	static uint8_t buffer[FRAME_BYTES];
	ssize_t length;

	while ((length = recv(direction->from, buffer, sizeof(buffer), 0)) > 0) {
		struct frame *frame;

		if (length <= VIRTIO_NET_HEADER_BYTES || direction->count == FRAMES)
			continue;
		frame = &direction->frames[(direction->first + direction->count) % FRAMES];
		frame->bytes = malloc((size_t)length);
		if (!frame->bytes)
			continue;
		memcpy(frame->bytes, buffer, (size_t)length);
		frame->length = (size_t)length;
		frame->due_ns = now_ns() + delay_ns;
		direction->count++;
	}
}

static void let_out(struct direction *direction)
{
	while (direction->count > 0 && direction->frames[direction->first].due_ns <= now_ns()) {
		struct frame *frame = &direction->frames[direction->first];

		if (send(direction->to, frame->bytes, frame->length, 0) < 0 && errno == EAGAIN)
			return;
		free(frame->bytes);
		direction->first = (direction->first + 1) % FRAMES;
		direction->count--;
	}
}

/* Until the next frame is due. */
static int pause_ms(const struct direction *directions)
{
	uint64_t now = now_ns(), next = now + 1000000000u;

	for (int i = 0; i < 2; i++) {
		if (directions[i].count > 0 && directions[i].frames[directions[i].first].due_ns < next)
			next = directions[i].frames[directions[i].first].due_ns;
	}
	return next <= now ? 0 : (int)((next - now + 999999) / 1000000);
}

int main(int count, char **words)
{
	static struct direction directions[2];
	uint64_t delay_ns;

	if (count != 5 || strcmp(words[3], "--delay-ms") != 0) {
		fprintf(stderr, "usage: wire INTERFACE INTERFACE --delay-ms N\n");
		return 2;
	}
	delay_ns = strtoull(words[4], NULL, 10) * 1000000u;
	directions[0].from = directions[1].to = open_interface(words[1]);
	directions[0].to = directions[1].from = open_interface(words[2]);
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		struct pollfd waiting[3] = {{.fd = directions[0].from, .events = POLLIN},
					    {.fd = directions[1].from, .events = POLLIN},
					    {.fd = STDIN_FILENO, .events = POLLIN}};

		if (poll(waiting, 3, pause_ms(directions)) < 0 && errno != EINTR)
			fail("poll");
		if (waiting[2].revents)
			return 0;
		for (int i = 0; i < 2; i++) {
			take_in(&directions[i], delay_ns);
			let_out(&directions[i]);
		}
	}
}
