// SPDX-License-Identifier: GPL-2.0-only
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "counters.h"

static const char *const counter_names[COUNTERS] = {
	[COUNT_DEFERRED] = "deferred",	   [COUNT_NOT_DEFERRED] = "not_deferred",
	[COUNT_REQUESTS] = "requests",	   [COUNT_ROUTED] = "routed",
	[COUNT_DEFAULT] = "default",	   [COUNT_REJECTED] = "rejected",
	[COUNT_MOVED] = "moved",	   [COUNT_ABANDONED] = "abandoned",
	[COUNT_UNROUTABLE] = "unroutable",
};

/* Of those that http1_opaque_names has no word for. */
static const char *const stay_names[STAYS] = {
	[STAYS_FOREIGN] = "foreign", [STAYS_STALLED] = "stalled", [STAYS_SHUT_DOWN] = "shut_down",
	[STAYS_ENDED] = "ended",     [STAYS_UNREAD] = "unread",	  [STAYS_UNSEEN] = "unseen",
	[STAYS_URGENT] = "urgent",   [STAYS_SENDERS] = "senders", [STAYS_TAKEN] = "taken",
};

struct counts {
	u64 counters[COUNTERS];
	u64 stays[STAYS];
	u64 reasons[HTTP1_REASONS];
};

struct counters_net {
	struct counts __percpu *counts;
};

static unsigned int counters_net_id;

/* Of all namespaces, those that are gone as well. */
static DEFINE_PER_CPU(struct counts, totals);

static const char *const gauge_names[GAUGES] = {
	[GAUGE_DEFERRALS] = "deferrals",
	[GAUGE_ROUTERS] = "routers",
	[GAUGE_OPERATIONS] = "operations",
};

/* Of each a share, which may be negative. */
static DEFINE_PER_CPU(int[GAUGES], gauges);

static struct counts __percpu *counts_of(const struct net *net)
{
	return ((struct counters_net *)net_generic(net, counters_net_id))->counts;
}

void count(const struct sock *sk, enum counter counter)
{
	this_cpu_inc(counts_of(sock_net(sk))->counters[counter]);
	this_cpu_inc(totals.counters[counter]);
}

void count_reason(const struct sock *sk, u8 reason)
{
	this_cpu_inc(counts_of(sock_net(sk))->reasons[reason]);
	this_cpu_inc(totals.reasons[reason]);
}

void count_stay(const struct sock *sk, enum stay why)
{
	this_cpu_inc(counts_of(sock_net(sk))->stays[why]);
	this_cpu_inc(totals.stays[why]);
}

void gauge_add(enum gauge gauge, int change)
{
	this_cpu_add(gauges[gauge], change);
}

int gauge_read(enum gauge gauge)
{
	int sum = 0, cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(gauges[gauge], cpu);
	return sum;
}

/* `offset`: of a number, in struct counts. */
static void show(struct seq_file *file, struct counts __percpu *counts, size_t offset)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += *(u64 *)((u8 *)per_cpu_ptr(counts, cpu) + offset);
	seq_printf(file, " %llu\n", sum);
}

static void show_counts(struct seq_file *file, struct counts __percpu *counts)
{
	int i;

	for (i = 0; i < COUNTERS; i++) {
		seq_puts(file, counter_names[i]);
		show(file, counts, offsetof(struct counts, counters[i]));
	}
	for (i = HTTP1_NOT_OPAQUE + 1; i < STAYS; i++) {
		seq_printf(file, "stays_%s", i < HTTP1_OPAQUES ? http1_opaque_names[i] : stay_names[i]);
		show(file, counts, offsetof(struct counts, stays[i]));
	}
	for (i = HTTP1_NO_REASON + 1; i < HTTP1_REASONS; i++) {
		seq_printf(file, "reason_%s", http1_reason_names[i]);
		show(file, counts, offsetof(struct counts, reasons[i]));
	}
}

static int counters_net_show(struct seq_file *file, void *unused)
{
	show_counts(file, counts_of(seq_file_single_net(file)));
	return 0;
}

static int counters_show(struct seq_file *file, void *unused)
{
	int i;

	show_counts(file, &totals);
	for (i = 0; i < GAUGES; i++)
		seq_printf(file, "%s %d\n", gauge_names[i], gauge_read(i));
	return 0;
}

static int __net_init counters_net_init(struct net *net)
{
	struct counters_net *counters = net_generic(net, counters_net_id);

	counters->counts = alloc_percpu(struct counts);
	if (!counters->counts)
		return -ENOMEM;
	if (!proc_create_net_single("undermesh", 0444, net->proc_net, counters_net_show, NULL)) {
		free_percpu(counters->counts);
		return -ENOMEM;
	}
	return 0;
}

static void __net_exit counters_net_exit(struct net *net)
{
	remove_proc_entry("undermesh", net->proc_net);
	free_percpu(counts_of(net));
}

static struct pernet_operations counters_net_ops = {
	.init = counters_net_init,
	.exit = counters_net_exit,
	.id = &counters_net_id,
	.size = sizeof(struct counters_net),
};

int counters_init(void)
{
	int error = register_pernet_subsys(&counters_net_ops);

	if (error)
		return error;
	if (proc_create_single("undermesh", 0444, NULL, counters_show))
		return 0;
	unregister_pernet_subsys(&counters_net_ops);
	return -ENOMEM;
}

void counters_exit(void)
{
	remove_proc_entry("undermesh", NULL);
	unregister_pernet_subsys(&counters_net_ops);
}
