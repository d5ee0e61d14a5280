// SPDX-License-Identifier: Apache-2.0
/*
 * steady server --target A:PORT [--target [A]:PORT ...]       until its standard input ends; for each byte that comes
 *                                                             there it prints who was connected to, as JSON
 * steady client --target A:PORT ... [--lasting N] [--message-ms N] [--requests-per-s N] [--probes-per-s N]
 *                                                             until SIGTERM; then prints what it made, as JSON
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "steady.h"

volatile sig_atomic_t stopping;

uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

socklen_t length_of(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

void die(const char *doing)
{
	fprintf(stderr, "steady: %s: %s\n", doing, strerror(errno));
	exit(1);
}

static void usage(const char *why)
{
	fprintf(stderr, "steady: %s; see main.c for its parameters\n", why);
	exit(2);
}

static void stop(int signal)
{
	stopping = signal;
}

/* Reads `10.0.0.1:80` or `[fd00::1]:80`. */
static void read_target(struct sockaddr_storage *target, char *text)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)target;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)target;
	char *colon = strrchr(text, ':');

	if (!colon)
		usage("a target without a port");
	*colon = 0;
	if (*text == '[' && colon[-1] == ']') {
		colon[-1] = 0;
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(atoi(colon + 1));
		if (inet_pton(AF_INET6, text + 1, &v6->sin6_addr) == 1)
			return;
	} else {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(atoi(colon + 1));
		if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
			return;
	}
	usage("that is no address");
}

int main(int count, char **arguments)
{
	static const struct option known[] = {
		{"target", required_argument, NULL, 't'},
		{"lasting", required_argument, NULL, 'l'},
		{"message-ms", required_argument, NULL, 'm'},
		{"requests-per-s", required_argument, NULL, 'r'},
		{"probes-per-s", required_argument, NULL, 'p'},
		{0},
	};
	static struct options options = {.message_ms = 50};
	struct rlimit files = {1 << 16, 1 << 16};
	int option;

	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, stop);
	while ((option = getopt_long(count, arguments, "", known, NULL)) != -1) {
		switch (option) {
		case 't':
			if (options.target_count == MAX_TARGETS)
				usage("too many targets");
			read_target(&options.targets[options.target_count++], optarg);
			break;
		case 'l':
			options.lasting = atoi(optarg);
			break;
		case 'm':
			options.message_ms = atoi(optarg);
			break;
		case 'r':
			options.requests_per_s = atoi(optarg);
			break;
		case 'p':
			options.probes_per_s = atoi(optarg);
			break;
		default:
			usage("unknown parameter");
		}
	}
	if (optind + 1 != count || !options.target_count)
		usage("a role and a target are needed");
	if (!strcmp(arguments[optind], "server"))
		return run_server(&options);
	if (!strcmp(arguments[optind], "client"))
		return run_client(&options);
	usage("that is no role");
}
