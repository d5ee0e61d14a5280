// SPDX-License-Identifier: GPL-2.0-only
/* The kernel-native engine of Undermesh: HTTP routing in front of connect(). */
#include <linux/module.h>

#include "counters.h"
#include "deferral.h"
#include "hook.h"
#include "operations.h"
#include "router.h"

static int __init undermesh_init(void)
{
	int error = counters_init();

	if (error)
		return error;
	error = deferrals_init();
	if (error)
		goto counters;
	error = operations_init();
	if (error)
		goto deferrals;
	error = router_init();
	if (error)
		goto deferrals;
	/* From here on connections are deferred. */
	error = hook_init();
	if (error)
		goto deferrals;
	return 0;

deferrals:
	deferrals_exit();
counters:
	counters_exit();
	return error;
}

/* Comes only when no program and no deferral holds a reference. */
static void __exit undermesh_exit(void)
{
	operations_drain();
	deferrals_exit();
	counters_exit();
}

module_init(undermesh_init);
module_exit(undermesh_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Kernel-native HTTP routing");
