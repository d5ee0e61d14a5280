// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Fills a ring on demand: one test run writes `wanted` connection records, copies of the templates in turn. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define TEMPLATES 64

struct record {
	__u64 words[24]; /* struct connection_record */
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TEMPLATES);
	__type(key, __u32);
	__type(value, struct record);
} templates SEC(".maps");

char LICENSE[] SEC("license") = "Dual BSD/GPL";

__u32 wanted;
__u32 lost;

static long write_one(__u32 i, void *unused)
{
	__u32 key = i % TEMPLATES;
	struct record *record, *from = bpf_map_lookup_elem(&templates, &key);

	if (!from)
		return 1;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		lost++;
		return 1;
	}
	__builtin_memcpy(record, from, sizeof(*record));
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("syscall")
int fill(void *ctx)
{
	bpf_loop(wanted, write_one, 0, 0);
	return 0;
}
