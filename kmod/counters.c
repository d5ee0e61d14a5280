// SPDX-License-Identifier: GPL-2.0-only
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "counters.h"

static const char *const counter_names[COUNTERS] = {
	[COUNT_DEFERRED] = "deferred",	   [COUNT_NOT_DEFERRED] = "not_deferred",
	[COUNT_ROUTED] = "routed",	   [COUNT_DEFAULT] = "default",
	[COUNT_REJECTED] = "rejected",	   [COUNT_GRACE] = "grace",
	[COUNT_SHUT_DOWN] = "shut_down",   [COUNT_ABANDONED] = "abandoned",
	[COUNT_UNROUTABLE] = "unroutable",
};

struct counts {
	u64 counters[COUNTERS];
	u64 reasons[HTTP1_REASONS];
};

struct counters_net {
	struct counts __percpu *counts;
};

static unsigned int counters_net_id;

static struct counts __percpu *counts_of(const struct net *net)
{
	return ((struct counters_net *)net_generic(net, counters_net_id))->counts;
}

void count(const struct sock *sk, enum counter counter)
{
	this_cpu_inc(counts_of(sock_net(sk))->counters[counter]);
}

void count_reason(const struct sock *sk, u8 reason)
{
	this_cpu_inc(counts_of(sock_net(sk))->reasons[reason]);
}

static int counters_show(struct seq_file *file, void *unused)
{
	struct counts __percpu *counts = counts_of(seq_file_single_net(file));
	int i, cpu;
	u64 sum;

	for (i = 0; i < COUNTERS; i++) {
		sum = 0;
		for_each_possible_cpu(cpu) sum += per_cpu_ptr(counts, cpu)->counters[i];
		seq_printf(file, "%s %llu\n", counter_names[i], sum);
	}
	for (i = HTTP1_NO_REASON + 1; i < HTTP1_REASONS; i++) {
		sum = 0;
		for_each_possible_cpu(cpu) sum += per_cpu_ptr(counts, cpu)->reasons[i];
		seq_printf(file, "reason_%s %llu\n", http1_reason_names[i], sum);
	}
	return 0;
}

static int __net_init counters_net_init(struct net *net)
{
	struct counters_net *counters = net_generic(net, counters_net_id);

	counters->counts = alloc_percpu(struct counts);
	if (!counters->counts)
		return -ENOMEM;
	if (!proc_create_net_single("undermesh", 0444, net->proc_net, counters_show, NULL)) {
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
	return register_pernet_subsys(&counters_net_ops);
}

void counters_exit(void)
{
	unregister_pernet_subsys(&counters_net_ops);
}
