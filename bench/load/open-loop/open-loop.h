/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP requests that begin when a schedule says so, whether or not earlier ones have been answered. The latency of each
 * counts from its moment in the schedule: what a slow answer holds up behind it is in the figures.
 */
#ifndef OPEN_LOOP_H
#define OPEN_LOOP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
	struct sockaddr_in target;
	double per_second, seconds;
	int connections; /* kept open; 0: one for each request */
	uint64_t seed;
};

/* When requests arrive, and how long each took. */
struct schedule {
	size_t count;
	uint64_t *due_ns; /* from the start on */
	uint64_t *took_ns;
	bool sorted;
};

struct schedule make_schedule(double per_second, double seconds, uint64_t seed);

/* Microseconds within which this share of the requests was answered. Puts what they took in order. */
double quantile_us(struct schedule *schedule, double share);

/* Makes all requests and waits for their answers. */
void run_schedule(const struct options *options, struct schedule *schedule);

void die(const char *doing) __attribute__((noreturn));

#endif
