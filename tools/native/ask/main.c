// SPDX-License-Identifier: Apache-2.0
/*
 * ask --target 10.98.0.1:80 --request 'GET /cart c' --request 'GET / a X-Edition: preview' ...
 *
 * A request names its method, its path, who must answer (`*`: anybody), and perhaps one field. A server says in the first word
 * of a body who it is. Each thread sends the requests in turn on a connection that it keeps. Prints one line of JSON.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"

#define MAX_THREADS 1024

volatile sig_atomic_t stopping;

static struct options options = {.threads = 1};
static struct tally tallies[MAX_THREADS];

static void die(const char *what)
{
	fprintf(stderr, "ask: %s\n", what);
	exit(2);
}

static void stop(int signal)
{
	(void)signal;
	stopping = 1;
}

/* `10.0.0.1:80`, `[fd00::1]:80` */
static void add_target(const char *text)
{
	struct sockaddr_storage *target = &options.targets[options.target_count++];
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)target;
	struct sockaddr_in *v4 = (struct sockaddr_in *)target;
	char address[64];
	int port;

	if (options.target_count == MAX_TARGETS)
		die("too many targets");
	if (sscanf(text, "[%63[^]]]:%d", address, &port) == 2 &&
	    inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
	} else if (sscanf(text, "%63[^:]:%d", address, &port) == 2 &&
		   inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
	} else {
		die("a target is ADDRESS:PORT");
	}
}

static void add_request(const char *text)
{
	struct request *request = &options.requests[options.request_count++];
	char method[16], path[256], field[256] = "";

	if (options.request_count == MAX_REQUESTS)
		die("too many requests");
	if (sscanf(text, "%15s %255s %31s %255[^\n]", method, path, request->answer, field) < 3)
		die("a request is METHOD PATH ANSWER [FIELD]");
	if (strcmp(request->answer, "*") == 0)
		request->answer[0] = 0;
	snprintf(request->text, sizeof(request->text), "%s %s HTTP/1.1\r\nHost: ask\r\n%s%s\r\n", method,
		 path, field, field[0] ? "\r\n" : "");
}

static void read_options(int count, char **words)
{
	static const struct option known[] = {
		{"target", required_argument, NULL, 't'},
		{"request", required_argument, NULL, 'r'},
		{"threads", required_argument, NULL, 'n'},
		{"requests", required_argument, NULL, 'c'},
		{"requests-per-s", required_argument, NULL, 's'},
		{"per-connection", required_argument, NULL, 'p'},
		{"hold-ms", required_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(count, words, "", known, NULL)) != -1) {
		switch (option) {
		case 't':
			add_target(optarg);
			break;
		case 'r':
			add_request(optarg);
			break;
		case 'n':
			options.threads = atoi(optarg);
			break;
		case 'c':
			options.total = strtoull(optarg, NULL, 10);
			break;
		case 's':
			options.per_s = atoi(optarg);
			break;
		case 'p':
			options.per_connection = atoi(optarg);
			break;
		case 'h':
			options.hold_ms = atoi(optarg);
			break;
		default:
			exit(2);
		}
	}
	if (!options.target_count || !options.request_count || options.threads < 1 ||
	    options.threads > MAX_THREADS)
		die("needs --target, --request, and 1 to 1024 --threads");
}

static void *run(void *tally)
{
	ask(&options, (struct tally *)tally - tallies, tally);
	return NULL;
}

static void add_answer(struct tally *sum, const char *name, uint64_t count)
{
	int i = 0;

	while (sum->answers[i].name[0] && strcmp(sum->answers[i].name, name) != 0 && i < MAX_REQUESTS - 1)
		i++;
	strcpy(sum->answers[i].name, name);
	sum->answers[i].count += count;
}

static void add(struct tally *sum, const struct tally *one)
{
	sum->made += one->made;
	sum->done += one->done;
	sum->wrong += one->wrong;
	sum->connections += one->connections;
	if (one->longest_ns > sum->longest_ns)
		sum->longest_ns = one->longest_ns;
	for (int stage = 0; stage < STAGES; stage++)
		for (int error = 0; error < MAX_ERRNO; error++)
			sum->failed[stage][error] += one->failed[stage][error];
	for (int i = 0; i < MAX_REQUESTS && one->answers[i].name[0]; i++)
		add_answer(sum, one->answers[i].name, one->answers[i].count);
}

static void print(const struct tally *sum, uint64_t elapsed_ns)
{
	static const char *const stages[STAGES] = {"connect", "send", "receive"};
	const char *separator = "";

	printf("{\"made\":%" PRIu64 ",\"done\":%" PRIu64 ",\"wrong\":%" PRIu64 ",\"connections\":%" PRIu64
	       ",\"mostOpen\":%d,\"longestMs\":%.1f,\"elapsedMs\":%" PRIu64 ",\"failed\":{",
	       sum->made, sum->done, sum->wrong, sum->connections, most_open(), sum->longest_ns / 1e6,
	       elapsed_ns / 1000000);
	for (int stage = 0; stage < STAGES; stage++) {
		for (int error = 0; error < MAX_ERRNO; error++) {
			if (!sum->failed[stage][error])
				continue;
			printf("%s\"%s %s\":%" PRIu64, separator, stages[stage],
			       error ? strerrorname_np(error) : "EOF", sum->failed[stage][error]);
			separator = ",";
		}
	}
	printf("},\"answers\":{");
	separator = "";
	for (int i = 0; i < MAX_REQUESTS && sum->answers[i].name[0]; i++) {
		printf("%s\"%s\":%" PRIu64, separator, sum->answers[i].name, sum->answers[i].count);
		separator = ",";
	}
	printf("}}\n");
}

int main(int count, char **words)
{
	struct sigaction action = {.sa_handler = stop, .sa_flags = SA_RESTART};
	pthread_t threads[MAX_THREADS];
	uint64_t started_ns = now_ns();
	struct tally sum = {0};

	read_options(count, words);
	sigaction(SIGTERM, &action, NULL);
	for (int i = 0; i < options.threads; i++)
		if (pthread_create(&threads[i], NULL, run, &tallies[i]))
			die("cannot start a thread");
	for (int i = 0; i < options.threads; i++) {
		pthread_join(threads[i], NULL);
		add(&sum, &tallies[i]);
	}
	print(&sum, now_ns() - started_ns);
	return 0;
}
