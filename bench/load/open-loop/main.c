// SPDX-License-Identifier: Apache-2.0
/*
 * open-loop ADDRESS PORT PER_SECOND SECONDS CONNECTIONS SEED
 *
 * CONNECTIONS 0: a connection for each request. Prints {"requests":N,"p50":US,"p90":US,"p99":US,"max":US}; ends with 1
 * when anything fails, as a comparison would compare failures.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "open-loop.h"

void die(const char *doing)
{
	fprintf(stderr, "open-loop: %s: %s\n", doing, strerror(errno));
	exit(1);
}

int main(int count, char **words)
{
	struct options options = {.target.sin_family = AF_INET};
	struct schedule schedule;

	if (count != 7 || inet_pton(AF_INET, words[1], &options.target.sin_addr) != 1) {
		fprintf(stderr, "usage: %s ADDRESS PORT PER_SECOND SECONDS CONNECTIONS SEED\n", words[0]);
		return 2;
	}
	options.target.sin_port = htons((uint16_t)atoi(words[2]));
	options.per_second = atof(words[3]);
	options.seconds = atof(words[4]);
	options.connections = atoi(words[5]);
	options.seed = strtoull(words[6], NULL, 10);
	schedule = make_schedule(options.per_second, options.seconds, options.seed);
	if (!schedule.count) {
		errno = EINVAL;
		die("making a schedule: it is empty");
	}
	run_schedule(&options, &schedule);
	printf("{\"requests\":%zu,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"max\":%.1f}\n", schedule.count,
	       quantile_us(&schedule, 0.5), quantile_us(&schedule, 0.9), quantile_us(&schedule, 0.99),
	       quantile_us(&schedule, 1));
	return 0;
}
