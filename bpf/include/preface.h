/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is sent to a waypoint before an application's first byte, as it stands on the wire: version 2 of the PROXY protocol
 * (https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt), and Kmesh's TLV for its own images.
 */
#ifndef UNDERMESH_PREFACE_H
#define UNDERMESH_PREFACE_H

#include "abi.h"
#include <bpf/bpf_endian.h>
#include <stdbool.h>

#define PROXY_VERSION_2_AND_COMMAND_PROXY 0x21
#define PROXY_TCP_OVER_IPV4		  0x11
#define PROXY_TCP_OVER_IPV6		  0x21
#define PROXY_TLV_AUTHORITY		  0x02
#define PROXY_TLV_UNIQUE_ID		  0x05

#define KMESH_ORIGINAL_DESTINATION 0x01
#define KMESH_END		   0xfe

#define PACKED __attribute__((packed))

struct proxy_head {
	__u8 signature[12];
	__u8 version_and_command;
	__u8 family;
	__be16 length; /* of what follows */
} PACKED;

struct proxy_tlv {
	__u8 type;
	__be16 length;
} PACKED;

/* Of the connection: the socket's cookie on the client's node, as its records have it. */
struct proxy_unique_id {
	struct proxy_tlv tlv;
	__be64 socket_cookie;
} PACKED;

struct proxy4 {
	struct proxy_head head;
	__be32 source, destination;
	__be16 source_port, destination_port;
	struct proxy_unique_id unique_id;
	/* then, where the service has a name, struct proxy_tlv and the name */
} PACKED;

struct proxy6 {
	struct proxy_head head;
	__be32 source[4], destination[4];
	__be16 source_port, destination_port;
	struct proxy_unique_id unique_id;
} PACKED;

struct kmesh_end {
	__u8 type;
	__be32 length;
} PACKED;

struct kmesh4 {
	__u8 type;
	__be32 length; /* of address and port */
	__be32 destination;
	__be16 destination_port;
	struct kmesh_end end;
} PACKED;

struct kmesh6 {
	__u8 type;
	__be32 length;
	__be32 destination[4];
	__be16 destination_port;
	struct kmesh_end end;
} PACKED;

static const __u8 proxy_signature[12] = "\r\n\r\n\0\r\nQUIT\n";

/* Whether it begins a header of the PROXY protocol, version 2. */
static __always_inline bool is_proxy_head(const struct proxy_head *head)
{
	__u32 i;

#pragma clang loop unroll(full)
	for (i = 0; i < sizeof(proxy_signature); i++)
		if (head->signature[i] != proxy_signature[i])
			return false;
	return head->version_and_command >> 4 == PROXY_VERSION_2_AND_COMMAND_PROXY >> 4;
}

static __always_inline void write_proxy_head(struct proxy_head *head, __u8 family, __u32 length)
{
	__builtin_memcpy(head->signature, proxy_signature, sizeof(proxy_signature));
	head->version_and_command = PROXY_VERSION_2_AND_COMMAND_PROXY;
	head->family = family;
	head->length = bpf_htons(length - sizeof(*head));
}

static __always_inline void write_unique_id(struct proxy_unique_id *id, __u64 socket_cookie)
{
	id->tlv.type = PROXY_TLV_UNIQUE_ID;
	id->tlv.length = bpf_htons(sizeof(id->socket_cookie));
	id->socket_cookie = bpf_cpu_to_be64(socket_cookie);
}

#endif
