// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "load.h"

static const char usage[] =
	"load server --address A... --port P[-Q],...\n"
	"load client --address A... --port P[-Q],... [--source A]... [--connections N] [--concurrency N]\n"
	"            [--rate PER_SECOND] [--send N[-M]] [--receive N[-M]] [--hold MS] [--give-up MS]\n"
	"            [--ending client-closes|server-closes|client-resets|server-resets]\n"
	"Prints one line of JSON: what was made. The server ends on SIGTERM or when its standard input "
	"ends.\n"
	"--send counts the whole request (0, or 16 and more); a connection that the server resets sends 1 "
	"byte more.\n";

static const char *const endings[] = {"client-closes", "server-closes", "client-resets", "server-resets"};

static void fail(const char *what, const char *value)
{
	fprintf(stderr, "load: %s: %s\n%s", what, value, usage);
	exit(2);
}

static void add_address(struct sockaddr_storage *list, int *count, const char *text)
{
	struct sockaddr_storage *address = &list[*count];

	if (*count == MAX_ADDRESSES)
		fail("too many addresses", text);
	memset(address, 0, sizeof(*address));
	address->ss_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(address->ss_family, text,
		      address->ss_family == AF_INET6
			      ? (void *)&((struct sockaddr_in6 *)address)->sin6_addr
			      : (void *)&((struct sockaddr_in *)address)->sin_addr) != 1)
		fail("not an address", text);
	(*count)++;
}

static uint64_t number(const char *text, char **end, uint64_t most)
{
	unsigned long long value;

	errno = 0;
	value = strtoull(text, end, 10);
	if (*end == text || errno || value > most)
		fail("not a number in range", text);
	return value;
}

static uint64_t whole(const char *text, uint64_t most)
{
	char *end;
	uint64_t value = number(text, &end, most);

	if (*end)
		fail("not a number", text);
	return value;
}

static struct span range(const char *text, char **end, uint32_t most)
{
	struct span span;

	span.least = span.most = number(text, end, most);
	if (**end == '-')
		span.most = number(*end + 1, end, most);
	if (span.most < span.least)
		fail("a range must rise", text);
	return span;
}

static void add_ports(struct options *options, const char *text)
{
	char *end = (char *)text - 1;

	do {
		struct span span = range(end + 1, &end, 65535);

		for (uint32_t port = span.least; port <= span.most; port++) {
			if (options->port_count == MAX_PORTS)
				fail("too many ports", text);
			options->ports[options->port_count++] = port;
		}
	} while (*end == ',');
	if (*end)
		fail("not a list of ports", text);
}

static enum ending ending_of(const char *text)
{
	for (int i = 0; i < 4; i++)
		if (!strcmp(text, endings[i]))
			return i;
	fail("not a way to end", text);
	return CLIENT_CLOSES;
}

static void parse(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{"address", 1, 0, 'a'},	    {"source", 1, 0, 's'},	{"port", 1, 0, 'p'},
		{"connections", 1, 0, 'n'}, {"concurrency", 1, 0, 'c'}, {"rate", 1, 0, 'r'},
		{"send", 1, 0, 'o'},	    {"receive", 1, 0, 'i'},	{"ending", 1, 0, 'e'},
		{"hold", 1, 0, 'h'},	    {"give-up", 1, 0, 'g'},	{},
	};
	char *end = "";

	for (int name; (name = getopt_long(argc, argv, "", names, NULL)) != -1;) {
		switch (name) {
		case 'a':
			add_address(options->addresses, &options->address_count, optarg);
			break;
		case 's':
			add_address(options->sources, &options->source_count, optarg);
			break;
		case 'p':
			add_ports(options, optarg);
			break;
		case 'n':
			options->connections = whole(optarg, UINT64_MAX);
			break;
		case 'c':
			options->concurrency = whole(optarg, 1000000);
			break;
		case 'r':
			options->per_second = whole(optarg, 10000000);
			break;
		case 'o':
			options->send = range(optarg, &end, UINT32_MAX);
			break;
		case 'i':
			options->receive = range(optarg, &end, UINT32_MAX);
			break;
		case 'e':
			options->ending = ending_of(optarg);
			break;
		case 'h':
			options->hold_ms = whole(optarg, UINT32_MAX);
			break;
		case 'g':
			options->give_up_ms = whole(optarg, UINT32_MAX);
			break;
		default:
			fail("unknown option", argv[optind - 1]);
		}
		if (*end)
			fail("not a range", optarg);
	}
}

static void check(const struct options *options)
{
	bool reset = options->ending == CLIENT_RESETS || options->ending == SERVER_RESETS;

	if (!options->address_count || !options->port_count || !options->concurrency)
		fail("missing", "--address and --port are needed, --concurrency is at least 1");
	if (options->send.least < sizeof(struct request_head) && options->send.most != 0)
		fail("--send", "a request is empty or at least 16 bytes");
	if (!options->send.most && (options->receive.most || options->ending != CLIENT_CLOSES))
		fail("--send 0", "an empty request gets no answer and the client closes");
	/* Otherwise the reset could overtake bytes on their way and the counts would be a guess. */
	if (reset && !options->receive.least)
		fail("--ending", "a connection that is reset needs an answer first: --receive 1 or more");
}

static void stop(int signal)
{
	(void)signal;
	stopping = 1;
}

int main(int argc, char **argv)
{
	static struct options options = {
		.connections = 1, .concurrency = 64, .send = {64, 64}, .receive = {64, 64}};
	struct sigaction action = {.sa_handler = stop};
	struct rlimit limit;

	if (argc < 2 || (strcmp(argv[1], "server") && strcmp(argv[1], "client")))
		fail("the first word must be", "server or client");
	options.server = !strcmp(argv[1], "server");
	parse(&options, argc - 1, argv + 1);
	check(&options);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	return options.server ? run_server(&options) : run_client(&options);
}
