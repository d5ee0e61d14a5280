// SPDX-License-Identifier: Apache-2.0
/* Answers as the path of each request says; a thread for each connection. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http-load.h"

static struct tally total;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool answer(struct wire *wire, const struct plan *plan, bool bodiless)
{
	static _Atomic unsigned int turn;
	char head[512];
	int length;

	if (plan->interim && !wire_send(wire, "HTTP/1.1 100 Continue\r\n\r\n", 25))
		return false;
	length = snprintf(head, sizeof(head),
			  "HTTP/1.1 %d Told\r\nServer: http-load\r\nContent-Type: text/plain\r\n",
			  plan->status);
	if (plan->status != 204 && plan->response_chunk)
		length +=
			snprintf(head + length, sizeof(head) - length, "Transfer-Encoding: chunked\r\n\r\n");
	else if (plan->status != 204)
		length += snprintf(head + length, sizeof(head) - length,
				   "Content-Length: %" PRIu64 "\r\n\r\n", plan->response_bytes);
	else
		length += snprintf(head + length, sizeof(head) - length, "\r\n");
	if (!wire_send_head(wire, head, length, plan->split ? 1 + turn++ % (length - 1) : 0))
		return false;
	if (plan->pause_ms)
		pause_ms(plan->pause_ms);
	return bodiless || wire_send_body(wire, plan->response_bytes, plan->response_chunk);
}

static bool serve_one(struct wire *wire, struct tally *tally)
{
	uint64_t received = wire->received_bytes - (wire->end - wire->begin), sent = wire->sent_bytes;
	struct plan plan = {0};
	char *head, copy[1024];
	bool bodiless;

	if (!wire_read_head(wire, &head))
		return false;
	if (sscanf(head, "%15s /%d/%" SCNu64 "/%" SCNu32 "/%d/%d/%d/%d ", plan.method, &plan.status,
		   &plan.response_bytes, &plan.response_chunk, &plan.split, &plan.delay_ms, &plan.pause_ms,
		   &plan.interim) != 8) {
		fprintf(stderr, "http-load: a request of another kind: %s\n", head);
		return false;
	}
	snprintf(copy, sizeof(copy), "%s", head); /* what is read next overwrites it */
	if (!wire_skip_body(wire, copy))
		return false;
	if (plan.delay_ms)
		pause_ms(plan.delay_ms);
	bodiless = !strcmp(plan.method, "HEAD") || plan.status == 204 || plan.status == 304;
	if (!answer(wire, &plan, bodiless))
		return false;
	tally->requests++;
	tally->classes[plan.status / 100]++;
	tally->request_bytes += wire->received_bytes - (wire->end - wire->begin) - received;
	tally->response_bytes += wire->sent_bytes - sent;
	return true;
}

static void *serve(void *argument)
{
	struct wire *wire = argument;
	struct tally tally = {.connections = 1};
	int class;

	while (serve_one(wire, &tally))
		;
	close(wire->fd);
	free(wire);
	pthread_mutex_lock(&lock);
	total.connections++;
	total.requests += tally.requests;
	total.request_bytes += tally.request_bytes;
	total.response_bytes += tally.response_bytes;
	for (class = 0; class < 6; class ++)
		total.classes[class] += tally.classes[class];
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void *accept_all(void *argument)
{
	int listener = *(int *)argument, fd;
	pthread_attr_t detached;
	pthread_t thread;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&detached, 256 << 10);
	while ((fd = accept(listener, NULL, NULL)) >= 0 || errno == ECONNABORTED) {
		struct wire *wire = malloc(sizeof(*wire));

		if (!wire)
			die("accepting");
		wire_open(wire, fd);
		if (pthread_create(&thread, &detached, serve, wire))
			die("starting a thread");
	}
	return NULL;
}

/* Listens until its standard input ends; prints the port first, what it counted last. */
int run_server(const struct options *options)
{
	struct sockaddr_storage address = options->address;
	socklen_t size =
		address.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	int listener = socket(address.ss_family, SOCK_STREAM, 0), yes = 1;
	pthread_t acceptor;
	char byte;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) || listen(listener, 4096) ||
	    getsockname(listener, (struct sockaddr *)&address, &size))
		die("listening");
	printf("{\"port\":%d}\n", ntohs(((struct sockaddr_in *)&address)->sin_port));
	fflush(stdout);
	if (pthread_create(&acceptor, NULL, accept_all, &listener))
		die("starting a thread");
	while (read(0, &byte, 1) > 0)
		;
	pause_ms(200); /* the last connections are noticed to be over */
	pthread_mutex_lock(&lock);
	printf("{\"requests\":%" PRIu64 ",\"connections\":%" PRIu64 ",\"requestBytes\":%" PRIu64
	       ",\"responseBytes\":%" PRIu64 "}\n",
	       total.requests, total.connections, total.request_bytes, total.response_bytes);
	return 0;
}
