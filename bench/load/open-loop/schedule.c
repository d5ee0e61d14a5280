// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "open-loop.h"

/* xorshift64* (Vigna, 2016): the same gaps for the same seed, so that every arm of a comparison meets the same arrivals. */
static double random_share(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (double)((*state * 2685821657736338717ull) >> 11) / 9007199254740992.0;
}

static int by_size(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static void sort(uint64_t *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_size);
}

/* A Poisson process of which the number of arrivals is given: each comes at any moment alike. */
struct schedule make_schedule(double per_second, double seconds, uint64_t seed)
{
	struct schedule schedule = {.count = (size_t)(per_second * seconds)};
	uint64_t state = seed * 0x9e3779b97f4a7c15ull + 1;

	schedule.due_ns = calloc(schedule.count, sizeof(*schedule.due_ns));
	schedule.took_ns = calloc(schedule.count, sizeof(*schedule.took_ns));
	if (!schedule.due_ns || !schedule.took_ns)
		die("keeping the schedule");
	for (size_t i = 0; i < schedule.count; i++)
		schedule.due_ns[i] = (uint64_t)(random_share(&state) * seconds * 1e9);
	sort(schedule.due_ns, schedule.count);
	return schedule;
}

double quantile_us(struct schedule *schedule, double share)
{
	double at = (double)(schedule->count - 1) * share;
	size_t below = (size_t)at, above = below + 1 < schedule->count ? below + 1 : below;
	double low, high;

	if (!schedule->sorted)
		sort(schedule->took_ns, schedule->count);
	schedule->sorted = true;
	low = (double)schedule->took_ns[below];
	high = (double)schedule->took_ns[above];
	return (low + (high - low) * (at - (double)below)) / 1e3;
}
