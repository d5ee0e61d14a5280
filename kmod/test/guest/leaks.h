/* SPDX-License-Identifier: GPL-2.0-only */
/* What was given back: by the module's own gauges, and by what the kernel knows of its memory (slub_debug=U). */
#ifndef UNDERMESH_TEST_LEAKS_H
#define UNDERMESH_TEST_LEAKS_H

struct holdings {
	unsigned long deferrals;   /* of /proc/undermesh */
	unsigned long operations;  /* tasks in one of its operations */
	unsigned long allocations; /* objects that functions of the module allocated */
	unsigned long sockets;	   /* of TCP, both families */
};

struct holdings take_stock(void);

/* Waits until there is no more than there was; fails after a while. */
void expect_no_more_than(struct holdings before);

#endif
