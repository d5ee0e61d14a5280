// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "../../router.bpf.h"
#include "addresses.h"

#define LOOPBACK    bpf_htonl(0x7f000001)
#define AWAY	    bpf_htonl(0xc0000201) /* AWAY_ADDRESS */
#define UNREACHABLE bpf_htonl(0x7f090909) /* UNREACHABLE_ADDRESS */

/* Set to false before loading: connections go to the default endpoints as if there were no module. */
const volatile bool deferring SEC(".rodata.deferring") = true;

/* Volatile: a table that is spread over instructions leaves .rodata empty, which libbpf takes for an error. */
static const volatile struct {
	u16 port;
	u16 endpoint;
	u32 grace_ms;
} services[] = {
	{PORT_PATIENT, ENDPOINT_DEFAULT, 0},
	{PORT_HASTY, ENDPOINT_DEFAULT, GRACE_MS},
	{PORT_BANNER, ENDPOINT_BANNER, GRACE_MS},
	{PORT_GONE, ENDPOINT_NOBODY, 0},
};

static int find_service(u32 port)
{
	int i;

	for (i = 0; i < 4; i++)
		if (bpf_htons(services[i].port) == port)
			return i;
	return -1;
}

SEC("cgroup/connect4") int connect4(struct bpf_sock_addr *context)
{
	int service = find_service(context->user_port);

	if (context->user_ip4 != bpf_htonl(SERVICE_ADDRESS) || service < 0)
		return 1;
	if (deferring)
		undermesh_defer4(context, OWNER, services[service].grace_ms, service);
	context->user_ip4 = LOOPBACK;
	context->user_port = bpf_htons(services[service].endpoint);
	return 1;
}

/* Beside the number of the service. */
#define TAG_V6 0x100

static bool is_service_v6(const struct bpf_sock_addr *context)
{
	return context->user_ip6[0] == bpf_htonl(0xfd000000) && !context->user_ip6[1] &&
	       !context->user_ip6[2] && context->user_ip6[3] == bpf_htonl(0x64) &&
	       context->user_port == bpf_htons(PORT_PATIENT);
}

SEC("cgroup/connect6") int connect6(struct bpf_sock_addr *context)
{
	int service = find_service(context->user_port);

	if (is_service_v6(context)) {
		if (deferring)
			undermesh_defer6(context, OWNER, 0, TAG_V6);
		context->user_ip6[0] = 0;
		context->user_ip6[3] = bpf_htonl(1);
		context->user_port = bpf_htons(ENDPOINT_DEFAULT);
		return 1;
	}
	if (context->user_ip6[2] != bpf_htonl(0xffff) || context->user_ip6[3] != bpf_htonl(SERVICE_ADDRESS) ||
	    service < 0)
		return 1;
	if (deferring)
		undermesh_defer6(context, OWNER, services[service].grace_ms, service);
	context->user_ip6[3] = LOOPBACK;
	context->user_port = bpf_htons(services[service].endpoint);
	return 1;
}

/* Of another hook, where nothing can be deferred: must not load. */
SEC("?cgroup/sendmsg4") int sendmsg4(struct bpf_sock_addr *context)
{
	undermesh_defer4(context, OWNER, 0, 0);
	return 1;
}

static int send_away(struct undermesh_request *request, u32 address)
{
	return undermesh_request_to(request, &address, sizeof(address), bpf_htons(ENDPOINT_A));
}

static int send_to(struct undermesh_request *request, u16 endpoint)
{
	u32 address = LOOPBACK, address_v6[4] = {0, 0, 0, bpf_htonl(1)};

	if (request->tag & TAG_V6)
		return undermesh_request_to(request, address_v6, sizeof(address_v6), bpf_htons(endpoint));
	return undermesh_request_to(request, &address, sizeof(address), bpf_htons(endpoint));
}

/* Whether the path is this segment, or below it. */
static bool path_is_below(const u8 *path, u32 length, const char *segment, u32 segment_length)
{
	u32 i;

	if (length < segment_length || (length > segment_length && path[segment_length] != '/'))
		return false;
	for (i = 0; i < segment_length; i++)
		if (path[i] != (u8)segment[i])
			return false;
	return true;
}

#define PATH_IS_BELOW(path, length, segment) path_is_below(path, length, segment, sizeof(segment) - 1)

#define HEAD_BYTES 4096
#define PATH_BYTES 16

UNDERMESH_ROUTER(route)
{
	u32 at = request->head.path.at, length = request->head.path.length;
	const u8 *head = undermesh_request_head(request, HEAD_BYTES);
	char to[8];

	if (request->owner != OWNER)
		return -ENOENT;
	/* The verifier follows a copy of what was compared only when it is the same register. */
	barrier_var(at);
	if (request->head.verdict != HTTP1_COMPLETE || !head || at >= HEAD_BYTES - PATH_BYTES)
		return 0;
	head += at;
	if (PATH_IS_BELOW(head, length, "/a"))
		return send_to(request, ENDPOINT_A);
	if (PATH_IS_BELOW(head, length, "/nobody"))
		return send_to(request, ENDPOINT_NOBODY);
	if (PATH_IS_BELOW(head, length, "/silent"))
		return send_to(request, ENDPOINT_SILENT);
	if (PATH_IS_BELOW(head, length, "/away"))
		return send_away(request, AWAY);
	if (PATH_IS_BELOW(head, length, "/unreachable"))
		return send_away(request, UNREACHABLE);
	if (PATH_IS_BELOW(head, length, "/reject"))
		return -REJECTED;
	if (undermesh_request_field(request, "x-to", to, sizeof(to)) != 1)
		return 0;
	if (to[0] == 'b')
		return send_to(request, ENDPOINT_B);
	if (to[0] == 'n')
		return send_to(request, ENDPOINT_NOBODY);
	return 0;
}

char _license[] SEC("license") = "GPL";
