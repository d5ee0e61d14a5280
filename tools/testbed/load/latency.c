// SPDX-License-Identifier: Apache-2.0
/* How long each exchange took, from connect() to the last byte of the answer: exact percentiles. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "load.h"

#define MAX_SAMPLES (4u << 20) /* later ones are not sampled */

static uint32_t *samples_us;
static size_t count, room;

void note_latency(uint64_t ns)
{
	if (count == room && room < MAX_SAMPLES) {
		room = room ? room * 2 : 1024;
		samples_us = realloc(samples_us, room * sizeof(*samples_us));
		if (!samples_us)
			die("keeping latencies");
	}
	if (count < room)
		samples_us[count++] = ns / 1000 > UINT32_MAX ? UINT32_MAX : ns / 1000;
}

static int by_size(const void *one, const void *other)
{
	uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;

	return (a > b) - (a < b);
}

static uint32_t percentile(double share)
{
	return samples_us[(size_t)((count - 1) * share)];
}

void print_latencies(void)
{
	if (!count)
		return;
	qsort(samples_us, count, sizeof(*samples_us), by_size);
	printf(",\"latencyUs\":{\"p50\":%" PRIu32 ",\"p90\":%" PRIu32 ",\"p99\":%" PRIu32 ",\"max\":%" PRIu32
	       "}",
	       percentile(0.5), percentile(0.9), percentile(0.99), percentile(1));
}
