// SPDX-License-Identifier: Apache-2.0
/* Makes requests, one plan after the other, on as many connections at a time as it has threads. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http-load.h"

static const struct options *given;
static _Atomic uint64_t next_request;
static struct tally total;
static uint32_t *first_us, *last_us; /* of each request, to the first and the last byte of its answer */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static uint32_t microseconds(uint64_t from_ns, uint64_t to_ns)
{
	return (to_ns - from_ns) / 1000;
}

static int write_head(char *head, size_t room, const struct plan *plan)
{
	int length = snprintf(head, room,
			      "%s /%d/%" PRIu64 "/%" PRIu32
			      "/%d/%d/%d/%d HTTP/1.1\r\nHost: http-load\r\nAccept: */*\r\n",
			      plan->method, plan->status, plan->response_bytes, plan->response_chunk,
			      plan->split, plan->delay_ms, plan->pause_ms, plan->interim);

	if (plan->request_chunk)
		length += snprintf(head + length, room - length, "Transfer-Encoding: chunked\r\n");
	else if (plan->request_bytes)
		length += snprintf(head + length, room - length, "Content-Length: %" PRIu64 "\r\n",
				   plan->request_bytes);
	return length + snprintf(head + length, room - length, "\r\n");
}

/* One request and its answer, which must be the one that was asked for. */
static void exchange(struct wire *wire, uint64_t number, struct tally *tally)
{
	const struct plan *plan = &given->plans[number % given->plan_count];
	uint64_t sent = wire->sent_bytes, received = wire->received_bytes, asked_ns;
	char head[512], *answer, copy[1024];
	int status, length = write_head(head, sizeof(head), plan);
	size_t split = plan->split ? 1 + number % (length - 1) : 0;

	if (!wire_send(wire, head, split))
		die("sending");
	asked_ns = now_ns(); /* before the bytes that end the head */
	if (!wire_send(wire, head + split, length - split) ||
	    ((plan->request_bytes || plan->request_chunk) &&
	     !wire_send_body(wire, plan->request_bytes, plan->request_chunk)))
		die("sending");
	do {
		if (!wire_read_head(wire, &answer) || sscanf(answer, "HTTP/1.1 %d", &status) != 1)
			die("reading an answer");
	} while (status == 100);
	first_us[number] = microseconds(asked_ns, wire->read_ns);
	snprintf(copy, sizeof(copy), "%s", answer);
	if (strcmp(plan->method, "HEAD") && status != 204 && status != 304 && !wire_skip_body(wire, copy))
		die("reading an answer");
	last_us[number] = microseconds(asked_ns, wire->read_ns);
	if (status != plan->status || wire->begin != wire->end)
		die("another answer came than was asked for");
	tally->requests++;
	tally->classes[status / 100]++;
	tally->request_bytes += wire->sent_bytes - sent;
	tally->response_bytes += wire->received_bytes - received;
}

static int open_connection(void)
{
	const struct sockaddr_storage *address = &given->address;
	socklen_t size =
		address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	int fd = socket(address->ss_family, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)address, size))
		die("connecting");
	return fd;
}

static void *work(void *argument)
{
	struct wire *wire = malloc(sizeof(*wire));
	struct tally tally = {0};
	uint32_t on_connection = 0;
	uint64_t number;
	int class;

	(void)argument;
	if (!wire)
		die("starting");
	wire->fd = -1;
	while ((number = next_request++) < given->requests) {
		if (wire->fd < 0) {
			wire_open(wire, open_connection());
			tally.connections++;
			on_connection = 0;
		}
		exchange(wire, number, &tally);
		if (++on_connection == given->per_connection) {
			close(wire->fd);
			wire->fd = -1;
		}
	}
	if (wire->fd >= 0)
		close(wire->fd);
	free(wire);
	pthread_mutex_lock(&lock);
	total.requests += tally.requests;
	total.connections += tally.connections;
	total.request_bytes += tally.request_bytes;
	total.response_bytes += tally.response_bytes;
	for (class = 0; class < 6; class ++)
		total.classes[class] += tally.classes[class];
	pthread_mutex_unlock(&lock);
	return NULL;
}

static int by_size(const void *one, const void *other)
{
	uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;

	return (a > b) - (a < b);
}

static void print_percentiles(const char *name, uint32_t *values, size_t count)
{
	static const struct {
		const char *name;
		double share;
	} shown[] = {{"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}, {"max", 1}};
	size_t i;

	qsort(values, count, sizeof(*values), by_size);
	printf(",\"%s\":{", name);
	for (i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		printf("%s\"%s\":%" PRIu32, i ? "," : "", shown[i].name,
		       values[(size_t)((count - 1) * shown[i].share)]);
	printf("}");
}

int run_client(const struct options *options)
{
	pthread_t threads[MAX_THREADS];
	int i;

	given = options;
	first_us = calloc(options->requests, sizeof(*first_us));
	last_us = calloc(options->requests, sizeof(*last_us));
	if (!first_us || !last_us)
		die("keeping latencies");
	for (i = 0; i < options->concurrency; i++)
		if (pthread_create(&threads[i], NULL, work, NULL))
			die("starting a thread");
	for (i = 0; i < options->concurrency; i++)
		pthread_join(threads[i], NULL);
	printf("{\"requests\":%" PRIu64 ",\"connections\":%" PRIu64 ",\"requestBytes\":%" PRIu64
	       ",\"responseBytes\":%" PRIu64 ",\"classes\":{",
	       total.requests, total.connections, total.request_bytes, total.response_bytes);
	for (i = 2; i < 6; i++)
		printf("%s\"%dxx\":%" PRIu64, i > 2 ? "," : "", i, total.classes[i]);
	printf("}");
	print_percentiles("firstByteUs", first_us, total.requests);
	print_percentiles("lastByteUs", last_us, total.requests);
	printf("}\n");
	return 0;
}
