// SPDX-License-Identifier: GPL-2.0-only
/* Each request of a connection goes where its own head says, as long as it is certain where requests begin (staying_cases.c). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bed.h"
#include "cases.h"
#include "clients.h"
#include "served.h"

#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"

static void route_each(int fd, int rounds)
{
	while (rounds--) {
		expect(ask(fd, "/a", NULL) == 'A');
		expect(ask(fd, "/", "X-To: b") == 'B');
		expect(ask(fd, "/", NULL) == 'D');
	}
}

static void routes_each_request(void)
{
	unsigned long moved = counter("moved"), requests = counter("requests");

	route_each(connect_to(PORT_PATIENT, 0), 334);
	expect(counter("moved") - moved == 1001 && counter("requests") - requests == 1002);
}

static void routes_each_within_the_grace(void)
{
	route_each(connect_to(PORT_HASTY, 0), 3);
}

static void route_each_v6(const char *text)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(PORT_PATIENT)};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	expect(inet_pton(AF_INET6, text, &address.sin6_addr) == 1);
	expect(!connect(fd, (struct sockaddr *)&address, sizeof(address)));
	route_each(fd, 3);
}

static void routes_each_v6(void)
{
	route_each_v6(SERVICE_ADDRESS_V6);
	route_each_v6("::ffff:127.0.0.100");
}

static void routes_each_head_in_pieces(void)
{
	int fd = connect_to(PORT_PATIENT, 0), i;

	for (i = 0; i < 4; i++) {
		const char *text = request_for(i % 2 ? "/a" : "/", "X-Other: y");

		for (; *text; text++)
			expect(send(fd, text, 1, 0) == 1);
		expect(answer_of(fd) == (i % 2 ? 'A' : 'D'));
	}
}

static void routes_each_with_a_body(void)
{
	static char body[300001];
	int fd = connect_to(PORT_PATIENT, 0), i;
	char head[128];

	memset(body, 'x', sizeof(body) - 1);
	for (i = 0; i < 6; i++) {
		snprintf(head, sizeof(head), "POST %s HTTP/1.1\r\nHost: shop\r\nContent-Length: %zu\r\n\r\n",
			 i % 2 ? "/a" : "/", strlen(body));
		send_text(fd, head);
		send_text(fd, body);
		expect(answer_of(fd) == (i % 2 ? 'A' : 'D'));
		body[i * 50000] = '\0';
		if (i < 5)
			body[i * 50000] = 'x';
	}
}

static void routes_each_with_a_body_in_the_same_send(void)
{
	int fd = connect_to(PORT_PATIENT, 0), i;
	char text[128];

	for (i = 0; i < 6; i++) {
		snprintf(text, sizeof(text),
			 "POST %s HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\nhello",
			 i % 2 ? "/a" : "/");
		send_text(fd, text);
		expect(answer_of(fd) == (i % 2 ? 'A' : 'D'));
	}
}

/* --- what is framed --- */

static void follow(const char *request, const char *response)
{
	struct served served = serve(request);

	says(&served, response);
	moves(&served);
}

static void follows_a_length(void)
{
	follow(TO_CASE("GET") "\r\n", OK_2 "hi");
}

static void follows_chunks(void)
{
	follow(TO_CASE("GET") "\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
				      "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n");
}

static void follows_chunks_that_are_sent(void)
{
	follow(TO_CASE("POST") "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", OK_2 "hi");
}

static void follows_responses_without_a_body(void)
{
	follow(TO_CASE("HEAD") "\r\n", OK_2);
	follow(TO_CASE("GET") "\r\n", "HTTP/1.1 204 No Content\r\n\r\n");
	follow(TO_CASE("GET") "\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n");
	follow(TO_CASE("GET") "\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

static void follows_a_body_that_was_asked_for(void)
{
	struct served served = serve(TO_CASE("POST") "Content-Length: 31\r\nExpect: 100-continue\r\n\r\n");

	says(&served, "HTTP/1.1 100 Continue\r\n\r\n");
	asks(&served, "GET /a HTTP/1.1\r\nHost: shop\r\n\r\n");
	says(&served, OK_2 "hi");
	moves(&served);
}

static void follows_a_body_in_pieces(void)
{
	struct served served = serve(TO_CASE("POST") "Content-Length: 4\r\n\r\n");

	asks(&served, "GE");
	asks(&served, "T ");
	says(&served, OK_2 "hi");
	moves(&served);
}

static void follows_a_response_in_pieces(void)
{
	struct served served = serve(TO_CASE("GET") "\r\n");
	const char *text = OK_2 "hi";
	char piece[2] = "";

	for (; *text; text++) {
		piece[0] = *text;
		says(&served, piece);
	}
	moves(&served);
}

static void follows_a_large_response(void)
{
	static char body[2 << 20];
	struct served served = serve(TO_CASE("GET") "\r\n");
	size_t have = 0;

	memset(body, 'x', sizeof(body));
	if (!fork()) {
		send_text(served.server, "HTTP/1.1 200 OK\r\nContent-Length: 2097152\r\n\r\n");
		_exit(write(served.server, body, sizeof(body)) != sizeof(body));
	}
	while (have < sizeof(body) + 44) {
		ssize_t some = read(served.client, body, sizeof(body));

		expect(some > 0);
		have += some;
	}
	moves(&served);
}

/* Who looks twice, or reads by other ways than recv(), is of no account. */
static void follows_what_is_peeked_at(void)
{
	struct served served = serve(TO_CASE("GET") "\r\n");
	char text[64];

	send_text(served.server, OK_2 "hi");
	expect(recv(served.client, text, 5, MSG_PEEK | MSG_WAITALL) == 5);
	expect(recv(served.client, text, sizeof(text), MSG_PEEK) > 0);
	expect(recv(served.client, text, 40, MSG_WAITALL | MSG_TRUNC) == 40);
	moves(&served);
}

static void follows_what_is_spliced(void)
{
	struct served served = serve(TO_CASE("GET") "\r\n");
	int ends[2], left = 40;

	send_text(served.server, OK_2 "hi");
	expect(!pipe(ends));
	while (left) {
		ssize_t some = splice(served.client, NULL, ends[1], NULL, left, 0);

		expect(some > 0);
		left -= some;
	}
	moves(&served);
}

static void follows_behind_a_low_water_mark(void)
{
	struct served served = serve(TO_CASE("GET") "\r\n");
	int mark = 40;

	expect(!setsockopt(served.client, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark)));
	says(&served, OK_2 "hi");
	moves(&served);
}

static void follows_a_tunnel_that_is_refused(void)
{
	follow("CONNECT shop:443 HTTP/1.1\r\nHost: shop:443\r\nX-To: n\r\n\r\n",
	       "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
}

const struct test_case requests_cases[] = {
	CASE(routes_each_request),
	CASE(routes_each_within_the_grace),
	CASE(routes_each_v6),
	CASE(routes_each_head_in_pieces),
	CASE(routes_each_with_a_body),
	CASE(routes_each_with_a_body_in_the_same_send),
	CASE(follows_a_length),
	CASE(follows_chunks),
	CASE(follows_chunks_that_are_sent),
	CASE(follows_responses_without_a_body),
	CASE(follows_a_body_that_was_asked_for),
	CASE(follows_a_body_in_pieces),
	CASE(follows_a_response_in_pieces),
	CASE(follows_a_large_response),
	CASE(follows_what_is_peeked_at),
	CASE(follows_what_is_spliced),
	CASE(follows_behind_a_low_water_mark),
	CASE(follows_a_tunnel_that_is_refused),
	{},
};
