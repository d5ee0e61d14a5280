// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sends a preface to waypoints that do not read our TCP option: what the client asked for, before its first byte.
 *
 *   arm_preface      sockops: has the first send of an established connection pass by push_preface, and no later one
 *   push_preface     sk_msg on the map preface_sockets: puts the preface before what is sent
 *
 * A socket leaves the map with the first round trip that is measured after its first send: each send costs more
 * while it is in there. Nothing goes to such a waypoint without its preface: a send that cannot get it fails. What is
 * sent in a SYN (TCP Fast Open) leaves before; the waypoint finds no preface and refuses.
 */
#include "include/mesh_counters.h"
#include "include/preface.h"
#include "include/steerings.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u32);
} preface_sockets SEC(".maps");

/* By service id; optional. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct service_name);
} service_names SEC(".maps");

static __always_inline bool wants_preface(struct steering *steering)
{
	return steering->transport == WAYPOINT_TRANSPORT_PROXY_V2 ||
	       steering->transport == WAYPOINT_TRANSPORT_KMESH_TLV;
}

/* --- sockops --- */

static __always_inline void arm(struct bpf_sock_ops *ctx, struct steering *steering)
{
	__u64 cookie = bpf_get_socket_cookie(ctx);
	long error = bpf_sock_hash_update(ctx, &preface_sockets, &cookie, BPF_NOEXIST);

	if (error) {
		count_mesh_error(HELPER_SITE_PREFACE, error);
		MESH_COUNT(failed);
		return;
	}
	steering->socket_cookie = cookie;
	steering->flags |= STEERING_FLAG_PREFACE;
	bpf_sock_ops_cb_flags_set(ctx, ctx->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_RTT_CB_FLAG);
}

static __always_inline void disarm(struct bpf_sock_ops *ctx)
{
	__u64 cookie = bpf_get_socket_cookie(ctx);

	bpf_map_delete_elem(&preface_sockets, &cookie);
	bpf_sock_ops_cb_flags_set(ctx, ctx->bpf_sock_ops_cb_flags & ~BPF_SOCK_OPS_RTT_CB_FLAG);
}

SEC("sockops")
int arm_preface(struct bpf_sock_ops *ctx)
{
	struct bpf_sock *socket = ctx->sk;
	struct steering *steering;
	__u32 op = ctx->op;

	if (!socket || (op != BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB && op != BPF_SOCK_OPS_RTT_CB))
		return 1;
	steering = STEERING_OF(socket);
	if (!steering || !wants_preface(steering))
		return 1;
	if (op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB && !(steering->flags & STEERING_FLAG_PREFACE))
		arm(ctx, steering);
	else if (steering->preface_bytes)
		disarm(ctx);
	return 1;
}

/* --- sk_msg --- */

/* Opens a gap of so many bytes before what is sent, and makes it writable; NULL on failure. */
static __always_inline void *open_gap(struct sk_msg_md *msg, __u32 bytes)
{
	long error = bpf_msg_push_data(msg, 0, bytes, 0);

	if (!error)
		error = bpf_msg_pull_data(msg, 0, bytes, 0);
	if (!error)
		return msg->data;
	count_mesh_error(HELPER_SITE_PREFACE, error);
	return NULL;
}

static __always_inline __u32 authority_bytes(struct service_name *service)
{
	if (!service || !service->length || service->length > sizeof(service->name))
		return 0;
	return sizeof(struct proxy_tlv) + service->length;
}

static __always_inline bool write_authority(struct service_name *service, void *to, void *end)
{
	struct proxy_tlv *tlv = to;
	char *text = to + sizeof(*tlv);

	if ((void *)(tlv + 1) > end)
		return false;
	tlv->type = PROXY_TLV_AUTHORITY;
	tlv->length = bpf_htons(service->length);
	for (__u32 i = 0; i < sizeof(service->name) && i < service->length; i++) {
		if ((void *)(text + i + 1) > end)
			return false;
		text[i] = service->name[i];
	}
	return true;
}

/* Each pushes its preface; returns its bytes, 0 on failure. */
static __always_inline __u32 push_proxy4(struct sk_msg_md *msg, struct steering *asked,
					 struct service_name *service)
{
	__u32 named = authority_bytes(service), bytes = sizeof(struct proxy4) + named;
	struct proxy4 *proxy = open_gap(msg, bytes);
	void *end = msg->data_end;

	if (!proxy || (void *)(proxy + 1) > end)
		return 0;
	write_proxy_head(&proxy->head, PROXY_TCP_OVER_IPV4, bytes);
	proxy->source = msg->local_ip4; /* also of an IPv6 socket that speaks IPv4 */
	proxy->destination = *(__u32 *)asked->original_address;
	proxy->source_port = bpf_htons(msg->local_port);
	proxy->destination_port = bpf_htons(asked->original_port);
	write_unique_id(&proxy->unique_id, asked->socket_cookie);
	return !named || write_authority(service, proxy + 1, end) ? bytes : 0;
}

static __always_inline __u32 push_proxy6(struct sk_msg_md *msg, struct steering *asked,
					 struct service_name *service)
{
	__u32 named = authority_bytes(service), bytes = sizeof(struct proxy6) + named;
	struct proxy6 *proxy = open_gap(msg, bytes);
	void *end = msg->data_end;

	if (!proxy || (void *)(proxy + 1) > end)
		return 0;
	write_proxy_head(&proxy->head, PROXY_TCP_OVER_IPV6, bytes);
	proxy->source[0] = msg->local_ip6[0];
	proxy->source[1] = msg->local_ip6[1];
	proxy->source[2] = msg->local_ip6[2];
	proxy->source[3] = msg->local_ip6[3];
	__builtin_memcpy(proxy->destination, asked->original_address, sizeof(proxy->destination));
	proxy->source_port = bpf_htons(msg->local_port);
	proxy->destination_port = bpf_htons(asked->original_port);
	write_unique_id(&proxy->unique_id, asked->socket_cookie);
	return !named || write_authority(service, proxy + 1, end) ? bytes : 0;
}

static __always_inline void write_kmesh_end(struct kmesh_end *end)
{
	end->type = KMESH_END;
	end->length = 0;
}

static __always_inline __u32 push_kmesh4(struct sk_msg_md *msg, struct steering *asked)
{
	struct kmesh4 *kmesh = open_gap(msg, sizeof(*kmesh));

	if (!kmesh || (void *)(kmesh + 1) > msg->data_end)
		return 0;
	kmesh->type = KMESH_ORIGINAL_DESTINATION;
	kmesh->length = bpf_htonl(sizeof(kmesh->destination) + sizeof(kmesh->destination_port));
	kmesh->destination = *(__u32 *)asked->original_address;
	kmesh->destination_port = bpf_htons(asked->original_port);
	write_kmesh_end(&kmesh->end);
	return sizeof(*kmesh);
}

static __always_inline __u32 push_kmesh6(struct sk_msg_md *msg, struct steering *asked)
{
	struct kmesh6 *kmesh = open_gap(msg, sizeof(*kmesh));

	if (!kmesh || (void *)(kmesh + 1) > msg->data_end)
		return 0;
	kmesh->type = KMESH_ORIGINAL_DESTINATION;
	kmesh->length = bpf_htonl(sizeof(kmesh->destination) + sizeof(kmesh->destination_port));
	__builtin_memcpy(kmesh->destination, asked->original_address, sizeof(kmesh->destination));
	kmesh->destination_port = bpf_htons(asked->original_port);
	write_kmesh_end(&kmesh->end);
	return sizeof(*kmesh);
}

static __always_inline __u32 push(struct sk_msg_md *msg, struct steering *asked)
{
	bool v6 = asked->family == ADDRESS_FAMILY_IPV6;
	struct service_name *service;

	if (asked->transport == WAYPOINT_TRANSPORT_KMESH_TLV)
		return v6 ? push_kmesh6(msg, asked) : push_kmesh4(msg, asked);
	service = bpf_map_lookup_elem(&service_names, &asked->service_id);
	return v6 ? push_proxy6(msg, asked, service) : push_proxy4(msg, asked, service);
}

SEC("sk_msg")
int push_preface(struct sk_msg_md *msg)
{
	struct steering *steering;

	if (!msg->sk)
		return SK_PASS;
	steering = STEERING_OF(msg->sk);
	if (!steering || !(steering->flags & STEERING_FLAG_PREFACE))
		return SK_PASS;
	steering->preface_bytes = push(msg, steering);
	if (!steering->preface_bytes) {
		MESH_COUNT(failed);
		return SK_DROP;
	}
	steering->flags &= ~STEERING_FLAG_PREFACE;
	return SK_PASS;
}
