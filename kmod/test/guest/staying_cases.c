// SPDX-License-Identifier: GPL-2.0-only
/* What has a connection stay at its endpoint: it is no longer certain where requests begin, or who would read what. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bed.h"
#include "cases.h"
#include "clients.h"
#include "served.h"

#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"

static void keep(const char *request, const char *response, const char *reason)
{
	struct served served = serve(request);

	if (response)
		says(&served, response);
	stays(&served, reason);
}

static void stays_when_pipelined(void)
{
	keep(TO_CASE("GET") "\r\n", NULL, "pipelined");
	keep(TO_CASE("GET") "\r\n" TO_CASE("GET") "\r\n", OK_2 "hi", "pipelined");
}

static void stays_when_upgraded(void)
{
	keep(TO_CASE("GET") "Connection: upgrade\r\nUpgrade: echo\r\n\r\n",
	     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n", "upgraded");
}

static void stays_when_it_is_a_tunnel(void)
{
	keep("CONNECT shop:443 HTTP/1.1\r\nHost: shop:443\r\nX-To: n\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
	     "tunnel");
}

static void stays_until_it_is_closed(void)
{
	keep(TO_CASE("GET") "\r\n", "HTTP/1.1 200 OK\r\n\r\nhi", "closing");
}

static void stays_when_more_is_said(void)
{
	keep(TO_CASE("GET") "\r\n", OK_2 "hi\r\n", "unsolicited");
}

static void stays_when_a_response_is_refused(void)
{
	keep(TO_CASE("GET") "\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
	     "unframed");
	keep(TO_CASE("GET") "\r\n", "hello", "unframed");
}

static void stays_when_a_request_is_refused(void)
{
	struct served served = serve(TO_CASE("GET") "\r\n");

	says(&served, OK_2 "hi");
	asks(&served, "GET /a HTTP/1.1\r\nHost: shop\r\nHost: shop\r\n\r\n");
	stays(&served, "unframed");
}

static void stays_when_it_is_no_longer_http(void)
{
	struct served served = serve(TO_CASE("GET") "\r\n");

	says(&served, OK_2 "hi");
	asks(&served, "\x16\x03\x01hello");
	stays(&served, "foreign");
}

static void stays_with_what_was_not_read(void)
{
	struct served served = serve(TO_CASE("GET") "\r\n");
	char text[64];

	send_text(served.server, OK_2 "hi");
	expect(recv(served.client, text, 38, MSG_WAITALL) == 38);
	stays(&served, "unread");
	expect(recv(served.client, text, 2, MSG_WAITALL) == 2 && !memcmp(text, "hi", 2));
}

static void stays_with_urgent_data(void)
{
	struct served served = serve(TO_CASE("GET") "\r\n");
	char text[64];

	send_text(served.server, OK_2 "h");
	expect(send(served.server, "i", 1, MSG_OOB) == 1);
	expect(recv(served.client, text, 39, MSG_WAITALL) == 39);
	stays(&served, "urgent");
}

static void stays_when_it_stalls(void)
{
	int fd = connect_to(PORT_HASTY, 0);

	expect(ask(fd, "/a", NULL) == 'A');
	send_text(fd, "GET / HTTP/1.1\r\n");
	usleep(3 * GRACE_MS * 1000);
	send_text(fd, "Host: shop\r\n\r\n");
	expect(answer_of(fd) == 'A');
}

/* More than there is room for: it waits within its send. */
static void *send_a_large_body(void *fd)
{
	static char body[16 << 20];

	expect(send(*(int *)fd, body, sizeof(body), MSG_NOSIGNAL) == sizeof(body));
	return NULL;
}

static void stays_when_several_send(void)
{
	struct served served = serve(TO_CASE("POST") "Content-Length: 33554432\r\n\r\n");
	static char text[1 << 20];
	long left = 16 << 20;
	pthread_t thread;

	expect(!pthread_create(&thread, NULL, send_a_large_body, &served.client));
	while (send(served.client, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1) {
		left++;
		usleep(1000);
	}
	expect(errno == EAGAIN);
	while (left) {
		ssize_t some = recv(served.server, text, sizeof(text), 0);

		expect(some > 0);
		left -= some;
	}
	expect(!pthread_join(thread, NULL));
	stays(&served, "senders");
}

static void stays_when_its_end_is_shut_down(void)
{
	struct served served = serve(TO_CASE("GET") "\r\n");
	char byte;

	says(&served, OK_2 "hi");
	expect(!shutdown(served.client, SHUT_RD));
	asks(&served, request_for("/a", NULL));
	expect(!shutdown(served.client, SHUT_WR) && !recv(served.server, &byte, 1, 0));
}

const struct test_case staying_cases[] = {
	CASE(stays_when_pipelined),
	CASE(stays_when_upgraded),
	CASE(stays_when_it_is_a_tunnel),
	CASE(stays_until_it_is_closed),
	CASE(stays_when_more_is_said),
	CASE(stays_when_a_response_is_refused),
	CASE(stays_when_a_request_is_refused),
	CASE(stays_when_it_is_no_longer_http),
	CASE(stays_with_what_was_not_read),
	CASE(stays_with_urgent_data),
	CASE(stays_when_it_stalls),
	CASE(stays_when_several_send),
	CASE(stays_when_its_end_is_shut_down),
	{},
};
