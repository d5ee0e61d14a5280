// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs that do nothing, on the hooks that observing uses: what the kernel's statistics count for them is theirs. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("sockops")
int empty_sockops(struct bpf_sock_ops *ctx)
{
	return 1;
}

SEC("tp_btf/inet_sock_set_state")
int empty_state(void *ctx)
{
	return 0;
}
