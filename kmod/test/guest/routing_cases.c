// SPDX-License-Identifier: GPL-2.0-only
/* Where requests go, and what is not a request. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bed.h"
#include "cases.h"
#include "clients.h"

static void routes_by_path(void)
{
	expect(ask(connect_to(PORT_PATIENT, 0), "/a", NULL) == 'A');
	expect(ask(connect_to(PORT_PATIENT, 0), "/a/b?c", NULL) == 'A');
	expect(ask(connect_to(PORT_PATIENT, 0), "/ab", NULL) == 'D');
	expect(ask(connect_to(PORT_PATIENT, 0), "/", NULL) == 'D');
}

static void routes_by_field(void)
{
	expect(ask(connect_to(PORT_PATIENT, 0), "/", "X-To: b") == 'B');
	expect(ask(connect_to(PORT_PATIENT, 0), "/", "X-To: c") == 'D');
	expect(ask(connect_to(PORT_PATIENT, 0), "/", "X-To: b\r\nX-To: b") == 'D');
}

static void keeps_a_connection(void)
{
	int fd = connect_to(PORT_PATIENT, 0), i;

	for (i = 0; i < 1000; i++)
		expect(ask(fd, "/a", NULL) == 'A');
}

static void leaves_a_head_that_is_too_large_to_the_default(void)
{
	static char text[40000] = "GET /a HTTP/1.1\r\nHost: shop\r\nX-Large: ";
	int fd = connect_to(PORT_PATIENT, 0);

	memset(text + strlen(text), 'x', sizeof(text) - strlen(text) - 5);
	memcpy(text + sizeof(text) - 5, "\r\n\r\n", 5);
	send_text(fd, text);
	expect(answer_of(fd) == 'D');
}

static void leaves_to_the_default(const char *text, size_t length)
{
	int fd = connect_to(PORT_PATIENT, 0);

	expect(send(fd, text, length, 0) == (ssize_t)length);
	expect(answer_of(fd) == 'D');
}

static void leaves_tls_to_the_default(void)
{
	leaves_to_the_default("\x16\x03\x01\x00\x05hello", 10);
}

static void leaves_http2_to_the_default(void)
{
	leaves_to_the_default("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
}

static void leaves_other_protocols_to_the_default(void)
{
	leaves_to_the_default("*1\r\n$4\r\nPING\r\n", 14);
	leaves_to_the_default("\0\0\0\x08", 4);
}

/* Of a service with a grace, before it is over and after. */
static void leaves_other_protocols_within_the_grace(void)
{
	int fd = connect_to(PORT_HASTY, 0);

	expect(send(fd, "\x16\x03\x01\x00\x05hello", 10, 0) == 10);
	expect(answer_of(fd) == 'D');
	fd = connect_to(PORT_HASTY, 0);
	usleep(3 * GRACE_MS * 1000);
	send_text(fd, "*1\r\n$4\r\nPING\r\n");
	expect(answer_of(fd) == 'D');
}

static void leaves_two_lengths_to_the_default(void)
{
	const char *text = "GET /a HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n";

	leaves_to_the_default(text, strlen(text));
}

static void hears_a_server_that_speaks_first(void)
{
	expect(answer_of(connect_to(PORT_BANNER, 0)) == 'S');
}

/* As MySQL does: the server greets, and the client answers in bytes that are no request. */
static void answers_a_server_that_speaks_first(void)
{
	int fd = connect_to(PORT_BANNER, 0);
	char text[4];

	expect(recv(fd, text, 2, MSG_WAITALL) == 2 && !memcmp(text, "S!", 2));
	expect(send(fd, "\x20\0\0\x01login", 9, 0) == 9);
	expect(recv(fd, text, 2, MSG_WAITALL) == 2 && !memcmp(text, "S.", 2));
	expect(!recv(fd, text, 1, 0));
}

static void sends_what_it_kept_after_the_grace(void)
{
	int fd = connect_to(PORT_HASTY, 0);

	send_text(fd, "GET /a HTTP/1.1\r\n");
	usleep(3 * GRACE_MS * 1000);
	send_text(fd, "Host: shop\r\n\r\n");
	expect(answer_of(fd) == 'D');
}

static void routes_within_the_grace(void)
{
	expect(ask(connect_to(PORT_HASTY, 0), "/a", NULL) == 'A');
}

static void waits_for_a_patient_service(void)
{
	int fd = connect_to(PORT_PATIENT, 0);

	usleep(3 * GRACE_MS * 1000);
	expect(ask(fd, "/a", NULL) == 'A');
}

static int connect_v6(const char *text)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(PORT_PATIENT)}, peer;
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t length = sizeof(peer);

	expect(fd >= 0 && inet_pton(AF_INET6, text, &address.sin6_addr) == 1);
	expect(!connect(fd, (struct sockaddr *)&address, sizeof(address)));
	expect(!getpeername(fd, (struct sockaddr *)&peer, &length) && length == sizeof(peer));
	expect(!memcmp(&peer.sin6_addr, &address.sin6_addr, sizeof(peer.sin6_addr)));
	return fd;
}

static void routes_mapped_addresses(void)
{
	expect(ask(connect_v6("::ffff:127.0.0.100"), "/a", NULL) == 'A');
	expect(ask(connect_v6("::ffff:127.0.0.100"), "/", NULL) == 'D');
}

static void routes_v6(void)
{
	expect(ask(connect_v6(SERVICE_ADDRESS_V6), "/a", NULL) == 'A');
	expect(ask(connect_v6(SERVICE_ADDRESS_V6), "/", "X-To: b") == 'B');
	expect(ask(connect_v6(SERVICE_ADDRESS_V6), "/", NULL) == 'D');
}

static void leaves_others_alone(void)
{
	expect(ask(connect_to_endpoint(ENDPOINT_B), "/a", NULL) == 'B');
}

#define THREADS	    8
#define CONNECTIONS 30

static void *route_many(void *argument)
{
	static const struct {
		const char *path;
		const char *field;
		char letter;
	} routes[] = {{"/a", NULL, 'A'}, {"/", "X-To: b", 'B'}, {"/", NULL, 'D'}};
	long wrong = 0, i;

	for (i = 0; i < CONNECTIONS; i++) {
		int fd = connect_to(PORT_PATIENT, 0), route = (i + (long)argument) % 3;
		char text[256];

		snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: shop\r\n%s%s\r\n", routes[route].path,
			 routes[route].field ? routes[route].field : "", routes[route].field ? "\r\n" : "");
		send_text(fd, text);
		wrong += answer_of(fd) != routes[route].letter;
		close(fd);
	}
	return (void *)wrong;
}

static void routes_many_at_once(void)
{
	pthread_t threads[THREADS];
	void *wrong;
	long i;

	for (i = 0; i < THREADS; i++)
		expect(!pthread_create(&threads[i], NULL, route_many, (void *)i));
	for (i = 0; i < THREADS; i++)
		expect(!pthread_join(threads[i], &wrong) && !wrong);
}

static char ask_by_curl(const char *arguments)
{
	char command[256], answer[2] = "";
	FILE *curl;

	snprintf(command, sizeof(command), "exec curl -s --max-time 30 %s", arguments);
	curl = popen(command, "r");
	expect(curl && fread(answer, 1, 2, curl) == 2);
	expect(!pclose(curl));
	return answer[0];
}

static void serves_curl(void)
{
	expect(ask_by_curl("http://127.0.0.100/a/curl") == 'A');
	expect(ask_by_curl("-H 'X-To: b' -d something http://127.0.0.100/") == 'B');
	expect(ask_by_curl("http://127.0.0.100/") == 'D');
}

const struct test_case routing_cases[] = {
	CASE(routes_by_path),
	CASE(routes_by_field),
	CASE(keeps_a_connection),
	CASE(leaves_a_head_that_is_too_large_to_the_default),
	CASE(leaves_tls_to_the_default),
	CASE(leaves_http2_to_the_default),
	CASE(leaves_other_protocols_to_the_default),
	CASE(leaves_other_protocols_within_the_grace),
	CASE(leaves_two_lengths_to_the_default),
	CASE(hears_a_server_that_speaks_first),
	CASE(answers_a_server_that_speaks_first),
	CASE(sends_what_it_kept_after_the_grace),
	CASE(routes_within_the_grace),
	CASE(waits_for_a_patient_service),
	CASE(routes_mapped_addresses),
	CASE(routes_v6),
	PLAIN_CASE(leaves_others_alone),
	CASE(routes_many_at_once),
	CASE(serves_curl),
	{},
};
