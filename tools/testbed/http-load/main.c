// SPDX-License-Identifier: Apache-2.0
/*
 * http-load server --address A [--port P]
 * http-load client --address A --port P --requests N [--concurrency N] [--per-connection N] --plan PLAN [--plan PLAN ...]
 *
 * PLAN: METHOD,REQUEST_BYTES,REQUEST_CHUNK,STATUS,RESPONSE_BYTES,RESPONSE_CHUNK,SPLIT,DELAY_MS,PAUSE_MS,INTERIM
 * as struct plan has them; request number n goes by plan n modulo their number.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http-load.h"

static void usage(const char *why)
{
	fprintf(stderr, "http-load: %s; see main.c for its parameters\n", why);
	exit(2);
}

static void read_address(struct sockaddr_storage *address, const char *text)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
		v4->sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
		v6->sin6_family = AF_INET6;
	else
		usage("that is no address");
}

static void read_plan(struct plan *plan, const char *text)
{
	if (sscanf(text, "%15[A-Z],%" SCNu64 ",%" SCNu32 ",%d,%" SCNu64 ",%" SCNu32 ",%d,%d,%d,%d",
		   plan->method, &plan->request_bytes, &plan->request_chunk, &plan->status,
		   &plan->response_bytes, &plan->response_chunk, &plan->split, &plan->delay_ms,
		   &plan->pause_ms, &plan->interim) != 10)
		usage("that is no plan");
}

int main(int count, char **arguments)
{
	static const struct option known[] = {
		{"address", required_argument, NULL, 'a'},
		{"port", required_argument, NULL, 'p'},
		{"requests", required_argument, NULL, 'n'},
		{"concurrency", required_argument, NULL, 'c'},
		{"per-connection", required_argument, NULL, 'k'},
		{"plan", required_argument, NULL, 'P'},
		{0},
	};
	static struct options options = {.per_connection = UINT32_MAX, .concurrency = 16};
	in_port_t port = 0;
	int option;

	while ((option = getopt_long(count, arguments, "", known, NULL)) != -1) {
		switch (option) {
		case 'a':
			read_address(&options.address, optarg);
			break;
		case 'p':
			port = htons(atoi(optarg));
			break;
		case 'n':
			options.requests = strtoull(optarg, NULL, 10);
			break;
		case 'c':
			options.concurrency = atoi(optarg);
			break;
		case 'k':
			options.per_connection = atoi(optarg);
			break;
		case 'P':
			if (options.plan_count == MAX_PLANS)
				usage("too many plans");
			read_plan(&options.plans[options.plan_count++], optarg);
			break;
		default:
			usage("a parameter is wrong");
		}
	}
	((struct sockaddr_in *)&options.address)->sin_port = port; /* at the same place in both families */
	if (optind != count - 1 || !options.address.ss_family)
		usage("server or client, and its address");
	if (!strcmp(arguments[optind], "server"))
		return run_server(&options);
	if (strcmp(arguments[optind], "client") || !options.plan_count || !options.requests ||
	    options.concurrency < 1 || options.concurrency > MAX_THREADS)
		usage("a client needs requests, a concurrency and plans");
	return run_client(&options);
}
