// SPDX-License-Identifier: GPL-2.0-only
/* The kernel-native engine of Undermesh: HTTP routing in front of connect(). */
#include <linux/module.h>
#include <linux/sysfs.h>

#include "counters.h"
#include "deferral.h"
#include "hook.h"
#include "operations.h"
#include "router.h"

/* Says what interface this is; cannot be set. */
static int interface_set(const char *value, const struct kernel_param *parameter)
{
	return -EPERM;
}

static int interface_get(char *buffer, const struct kernel_param *parameter)
{
	return sysfs_emit(buffer, "%d\n", UNDERMESH_INTERFACE);
}

static const struct kernel_param_ops interface_ops = {
	.set = interface_set,
	.get = interface_get,
};

module_param_cb(interface, &interface_ops, NULL, 0444);
MODULE_PARM_DESC(interface, "of programs and agents to this module, a number (read only)");

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
		goto router;
	return 0;

router:
	router_exit();
deferrals:
	deferrals_exit();
counters:
	counters_exit();
	return error;
}

/* Comes only when no program and no deferral holds a reference. */
static void __exit undermesh_exit(void)
{
	hook_exit();
	router_exit();
	operations_drain();
	deferrals_exit();
	counters_exit();
}

module_init(undermesh_init);
module_exit(undermesh_exit);
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
MODULE_DESCRIPTION("Kernel-native HTTP routing");
