// SPDX-License-Identifier: Apache-2.0
/* What was made, as one line of JSON. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "load.h"

static void add(struct tally *sum, const struct tally *tally)
{
	const uint64_t *from = (const uint64_t *)tally;
	uint64_t *to = (uint64_t *)sum;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(uint64_t); i++)
		to[i] += from[i];
}

static void print_by_errno(const char *name, const uint64_t *counts)
{
	const char *separator = "";

	printf(",\"%s\":{", name);
	for (int error = 0; error < MAX_ERRNO; error++) {
		if (!counts[error])
			continue;
		printf("%s\"%s\":%" PRIu64, separator, error ? strerrorname_np(error) : "FIN", counts[error]);
		separator = ",";
	}
	printf("}");
}

static void print_tally(const struct tally *tally)
{
	printf("\"attempted\":%" PRIu64 ",\"established\":%" PRIu64 ",\"abandoned\":%" PRIu64
	       ",\"completed\":%" PRIu64 ",\"bytesSent\":%" PRIu64 ",\"bytesReceived\":%" PRIu64,
	       tally->attempted, tally->established, tally->abandoned, tally->completed, tally->bytes_sent,
	       tally->bytes_received);
	print_by_errno("failed", tally->failed);
	print_by_errno("broken", tally->broken);
}

static double cpu_ms(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

void report(const char *role, const struct tally *tallies, const struct options *options, uint64_t elapsed_ns)
{
	struct tally sum = {};

	for (int i = 0; i < options->port_count; i++)
		add(&sum, &tallies[i]);
	printf("{\"role\":\"%s\",\"elapsedMs\":%.3f,\"cpuMs\":%.3f,", role, elapsed_ns / 1e6, cpu_ms());
	print_tally(&sum);
	print_latencies();
	printf(",\"byPort\":{");
	for (int i = 0; i < options->port_count; i++) {
		printf("%s\"%u\":{", i ? "," : "", options->ports[i]);
		print_tally(&tallies[i]);
		printf("}");
	}
	printf("}}\n");
	fflush(stdout);
}
