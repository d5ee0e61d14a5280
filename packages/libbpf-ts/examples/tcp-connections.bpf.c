// SPDX-License-Identifier: Apache-2.0
// One record per established TCP connection, from whichever end is in the cgroup.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct connection_record {
	__u64 boottime_ns;
	__u32 local_ip4; /* network order */
	__u32 remote_ip4; /* network order */
	__u32 local_port; /* host order */
	__u32 remote_port; /* network order */
	__u32 passive; /* 1: accepted, 0: initiated */
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} connection_records SEC(".maps");

__u64 lost_total; /* the ring was full */

SEC("sockops")
int record_established(struct bpf_sock_ops *ops)
{
	struct connection_record *record;

	if (ops->op != BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB && ops->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		return 1;
	if (ops->family != 2) /* AF_INET */
		return 1;
	record = bpf_ringbuf_reserve(&connection_records, sizeof(*record), 0);
	if (!record) {
		__sync_fetch_and_add(&lost_total, 1);
		return 1;
	}
	record->boottime_ns = bpf_ktime_get_boot_ns();
	record->local_ip4 = ops->local_ip4;
	record->remote_ip4 = ops->remote_ip4;
	record->local_port = ops->local_port;
	record->remote_port = ops->remote_port;
	record->passive = ops->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB;
	record->reserved = 0;
	/* The reader polls: waking it for every connection would cost more than all the rest. */
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
