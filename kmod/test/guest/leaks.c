// SPDX-License-Identifier: GPL-2.0-only
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "bed.h"
#include "leaks.h"

#define PATIENCE_S 90

/* Lines of /sys/kernel/debug/slab/CACHE/alloc_traces: "      2 function+0x1/0x2 [module] age=...". */
static unsigned long allocations_in(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned long sum = 0;
	char line[1024], *rest;

	while (file && fgets(line, sizeof(line), file)) {
		unsigned long count = strtoul(line, &rest, 10);

		if (rest != line && strstr(rest, "[undermesh]"))
			sum += count;
	}
	if (file)
		fclose(file);
	return sum;
}

static unsigned long module_allocations(void)
{
	unsigned long sum = 0;
	glob_t found;
	size_t i;

	if (access("/sys/kernel/debug/slab", F_OK))
		mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	if (glob("/sys/kernel/debug/slab/*/alloc_traces", 0, NULL, &found))
		fail("the kernel tells nothing of its memory: slub_debug=U");
	for (i = 0; i < found.gl_pathc; i++)
		sum += allocations_in(found.gl_pathv[i]);
	globfree(&found);
	return sum;
}

static unsigned long active_sockets(void)
{
	FILE *file = fopen("/proc/slabinfo", "re");
	unsigned long active, sum = 0;
	char line[512], name[64];

	expect(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %lu", name, &active) == 2 &&
		    (!strcmp(name, "TCP") || !strcmp(name, "TCPv6")))
			sum += active;
	fclose(file);
	return sum;
}

struct holdings take_stock(void)
{
	return (struct holdings){counter("deferrals"), counter("operations"), module_allocations(),
				 active_sockets()};
}

static bool is_no_more(struct holdings now, struct holdings before)
{
	return now.deferrals <= before.deferrals && now.operations <= before.operations &&
	       now.allocations <= before.allocations && now.sockets <= before.sockets;
}

void expect_no_more_than(struct holdings before)
{
	struct holdings now = take_stock();
	int tries;

	for (tries = 0; tries < PATIENCE_S && !is_no_more(now, before); tries++) {
		sleep(1);
		now = take_stock();
	}
	if (!is_no_more(now, before))
		fail("of %lu deferrals, %lu operations, %lu allocations, %lu sockets there are %lu, %lu, "
		     "%lu, %lu",
		     before.deferrals, before.operations, before.allocations, before.sockets, now.deferrals,
		     now.operations, now.allocations, now.sockets);
}
