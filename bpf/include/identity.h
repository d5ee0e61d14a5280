/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who a socket belongs to: its cgroup, its process, the agent that reports it. */
#ifndef UNDERMESH_IDENTITY_H
#define UNDERMESH_IDENTITY_H

#include "config.h"
#include "maps.h"
#include <bpf/bpf_core_read.h>

/* A socket's cgroup is the one it was created in; an accepted one has its listener's. */
static __always_inline struct cgroup *cgroup_of(struct sock *sk)
{
	return sk->sk_cgrp_data.cgroup;
}

/* Keeps the name of a cgroup that is met for the first time: it may be gone before user space looks. */
static __always_inline void remember_cgroup(struct cgroup *cgroup, __u64 cgroup_id)
{
	struct kernfs_node *node, *parent;
	struct cgroup_name name = {};
	long error;

	if (bpf_map_lookup_elem(&cgroup_names, &cgroup_id))
		return;
	node = BPF_CORE_READ(cgroup, kn);
	if (bpf_core_field_exists(node->parent))
		parent = BPF_CORE_READ(node, parent);
	else
		parent = BPF_CORE_READ((struct kernfs_node___rcu *)node, __parent);
	bpf_probe_read_kernel_str(name.name, sizeof(name.name), BPF_CORE_READ(node, name));
	if (parent)
		bpf_probe_read_kernel_str(name.parent, sizeof(name.parent), BPF_CORE_READ(parent, name));
	error = bpf_map_update_elem(&cgroup_names, &cgroup_id, &name, BPF_ANY);
	if (error)
		count_helper_error(HELPER_SITE_CGROUP_NAME, error);
}

/* True when the socket lies in the agent's part of the cgroup tree. sockops need not ask: they are attached
 * there. */
static __always_inline bool in_scope(struct sock *sk)
{
	struct cgroup *cgroup, *ancestor = NULL;
	__u32 level = config.cgroup_level;

	if (!config.cgroup_id)
		return true;
	cgroup = cgroup_of(sk);
	if (!cgroup || (__u32)cgroup->level < level)
		return false;
	bpf_probe_read_kernel(&ancestor, sizeof(ancestor),
			      (void *)__builtin_preserve_access_index(&cgroup->ancestors) +
				      level * sizeof(ancestor));
	return ancestor && BPF_CORE_READ(ancestor, kn, id) == config.cgroup_id;
}

static __always_inline void note_process(struct connection_state *state, struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;

	state->pid = task->tgid;
	bpf_probe_read_kernel(state->process, sizeof(state->process), leader->comm);
}

static __always_inline void note_cgroup(struct connection_state *state, struct sock *sk)
{
	struct cgroup *cgroup = cgroup_of(sk);

	if (!cgroup)
		return;
	state->cgroup_id = cgroup->kn->id;
	remember_cgroup(cgroup, state->cgroup_id);
}

#endif
