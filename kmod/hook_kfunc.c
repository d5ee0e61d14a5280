// SPDX-License-Identifier: GPL-2.0-only
/* Programs of cgroup/connect4 and connect6 call the module: v6.9 and later. */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/filter.h>
#include <linux/module.h>

#include "hook.h"

__bpf_kfunc_start_defs();

__bpf_kfunc int undermesh_defer(struct bpf_sock_addr *context, u32 owner, u32 grace_ms, u32 tag)
{
	struct bpf_sock_addr_kern *kernel = (struct bpf_sock_addr_kern *)context;
	union address asked = {};

	memcpy(&asked, kernel->uaddr,
	       kernel->sk->sk_family == AF_INET6 && kernel->uaddr->sa_family == AF_INET6 ? sizeof(asked.v6)
											 : sizeof(asked.v4));
	return hook_defer(kernel->sk, &asked, &(struct deferral_terms){owner, grace_ms, tag});
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(hook_kfuncs)
BTF_ID_FLAGS(func, undermesh_defer)
BTF_KFUNCS_END(hook_kfuncs)

/* All types of cgroup programs share what is registered for one of them. */
static int hook_filter(const struct bpf_prog *program, u32 function)
{
	if (!btf_id_set8_contains(&hook_kfuncs, function))
		return 0;
	if (program->type == BPF_PROG_TYPE_CGROUP_SOCK_ADDR &&
	    (program->expected_attach_type == BPF_CGROUP_INET4_CONNECT ||
	     program->expected_attach_type == BPF_CGROUP_INET6_CONNECT))
		return 0;
	return -EACCES;
}

static const struct btf_kfunc_id_set hook_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &hook_kfuncs,
	.filter = hook_filter,
};

int hook_init(void)
{
	return register_btf_kfunc_id_set(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, &hook_kfunc_set);
}

/* BPF forgets the call with the module. */
void hook_exit(void)
{
}
