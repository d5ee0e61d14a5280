// SPDX-License-Identifier: GPL-2.0-only
/* What a socket does whose connection is deferred. Each case runs in a process of its own. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bed.h"
#include "cases.h"

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

static int wait_for(int epoll, int timeout_ms)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, timeout_ms) == 1 ? (int)event.events : 0;
}

static int watch(int fd, unsigned int events)
{
	struct epoll_event event = {.events = events};
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	expect(epoll >= 0 && !epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	return epoll;
}

/* Sends as programs do that never wait. */
static void send_by_epoll(int fd, int epoll, const char *text)
{
	size_t length = strlen(text);

	while (length) {
		ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);

		if (sent < 0) {
			expect(errno == EAGAIN);
			expect(wait_for(epoll, 5000) & EPOLLOUT);
			continue;
		}
		text += sent;
		length -= sent;
	}
}

static void receive_by_epoll(int fd, int epoll, char letter)
{
	char text[512];
	ssize_t got;

	while ((got = recv(fd, text, sizeof(text), 0)) < 0) {
		expect(errno == EAGAIN);
		expect(wait_for(epoll, 5000));
	}
	expect(got > 6 && text[got - 2] == letter);
}

static void works_without_waiting(unsigned int edge)
{
	int fd = connect_to(PORT_PATIENT, SOCK_NONBLOCK), error = -1, i;
	int epoll = watch(fd, EPOLLIN | EPOLLOUT | edge);
	socklen_t length = sizeof(error);

	expect(wait_for(epoll, 1000) == EPOLLOUT);
	expect(!getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) && error == 0);
	for (i = 0; i < 3; i++) {
		send_by_epoll(fd, epoll, request_for("/a", NULL));
		receive_by_epoll(fd, epoll, 'A');
	}
}

static void works_with_epoll_level(void)
{
	works_without_waiting(0);
}

static void works_with_epoll_edge(void)
{
	works_without_waiting(EPOLLET);
}

static void takes_a_head_in_pieces(void)
{
	const char *text = request_for("/a", "X-Other: y");
	int fd = connect_to(PORT_PATIENT, 0);

	for (; *text; text++)
		expect(send(fd, text, 1, 0) == 1);
	expect(answer_of(fd) == 'A');
	expect(ask(fd, "/a", NULL) == 'A');
}

static void takes_a_head_in_pieces_without_waiting(void)
{
	const char *text = request_for("/a", "X-Other: y");
	int fd = connect_to(PORT_PATIENT, SOCK_NONBLOCK);
	int epoll = watch(fd, EPOLLIN | EPOLLOUT | EPOLLET);
	char piece[2] = "";

	for (; *text; text++) {
		piece[0] = *text;
		send_by_epoll(fd, epoll, piece);
	}
	receive_by_epoll(fd, epoll, 'A');
}

static void takes_a_large_head(void)
{
	static char field[12000] = "X-Large: ";
	static char text[13000];

	memset(field + 9, 'x', sizeof(field) - 10);
	snprintf(text, sizeof(text), "GET /a HTTP/1.1\r\nHost: shop\r\n%s\r\n\r\n", field);
	int fd = connect_to(PORT_PATIENT, 0);

	send_text(fd, text);
	expect(answer_of(fd) == 'A');
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

static void sends_a_large_body(void)
{
	static char body[1 << 20];
	int fd = connect_to(PORT_PATIENT, 0);

	memset(body, 'x', sizeof(body) - 1);
	send_text(fd, "POST /a HTTP/1.1\r\nHost: shop\r\nContent-Length: 1048575\r\n\r\n");
	send_text(fd, body);
	expect(answer_of(fd) == 'A');
}

static void sends_from_several_buffers(void)
{
	struct iovec pieces[] = {{"GET /a HT", 9}, {"TP/1.1\r\nHost: ", 14}, {"shop\r\n\r\n", 8}};
	int fd = connect_to(PORT_PATIENT, 0);

	expect(writev(fd, pieces, 3) == 31);
	expect(answer_of(fd) == 'A');
}

static void sends_a_file(void)
{
	const char *text = request_for("/a", NULL);
	int file = memfd_create("request", MFD_CLOEXEC), fd = connect_to(PORT_PATIENT, 0);
	off_t at = 0;

	expect(write(file, text, strlen(text)) == (ssize_t)strlen(text));
	expect(sendfile(fd, file, &at, strlen(text)) == (ssize_t)strlen(text));
	expect(answer_of(fd) == 'A');
}

static void is_refused(void)
{
	int fd = connect_to(PORT_PATIENT, 0);

	expect(send(fd, request_for("/nobody", NULL), 36, MSG_NOSIGNAL) < 0 && errno == ECONNREFUSED);
	expect(send(fd, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
}

static void is_refused_without_waiting(void)
{
	int fd = connect_to(PORT_PATIENT, SOCK_NONBLOCK), error = 0;
	int epoll = watch(fd, EPOLLOUT | EPOLLET);
	socklen_t length = sizeof(error);

	wait_for(epoll, 1000);
	expect(send(fd, request_for("/nobody", NULL), 36, MSG_NOSIGNAL) < 0);
	if (errno == EAGAIN) {
		expect(wait_for(epoll, 5000) & EPOLLERR);
		expect(!getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) && error == ECONNREFUSED);
	} else {
		expect(errno == ECONNREFUSED);
	}
}

static void is_rejected(void)
{
	int fd = connect_to(PORT_PATIENT, 0);
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN | POLLOUT};

	expect(send(fd, request_for("/reject", NULL), 36, MSG_NOSIGNAL) < 0 && errno == REJECTED);
	expect(send(fd, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
	expect(poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLHUP));
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

static void leaves_other_protocols_to_the_default(void)
{
	leaves_to_the_default("*1\r\n$4\r\nPING\r\n", 14);
	leaves_to_the_default("\0\0\0\x08", 4);
}

static void leaves_two_lengths_to_the_default(void)
{
	const char *text = "GET /a HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n";

	leaves_to_the_default(text, strlen(text));
}

static void closes_without_a_word(void)
{
	unsigned long before = accepted_by(ENDPOINT_DEFAULT);
	int i;

	for (i = 0; i < 20; i++)
		close(connect_to(PORT_PATIENT, 0));
	usleep(200000);
	expect(accepted_by(ENDPOINT_DEFAULT) == before);
}

static void hears_a_server_that_speaks_first(void)
{
	expect(answer_of(connect_to(PORT_BANNER, 0)) == 'S');
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

static void is_told_the_address_it_asked_for(void)
{
	struct sockaddr_in peer = {};
	socklen_t length = sizeof(peer);
	int fd = connect_to(PORT_PATIENT, 0);

	expect(!getpeername(fd, (struct sockaddr *)&peer, &length));
	expect(length == sizeof(peer) && ntohl(peer.sin_addr.s_addr) == SERVICE_ADDRESS);
	expect(ntohs(peer.sin_port) == PORT_PATIENT);
}

static void is_connected_already(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(PORT_PATIENT),
				      .sin_addr.s_addr = htonl(SERVICE_ADDRESS)};
	int fd = connect_to(PORT_PATIENT, 0);

	expect(connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 && errno == EISCONN);
	expect(ask(fd, "/a", NULL) == 'A');
	expect(connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 && errno == EISCONN);
}

static void connects_again_after_disconnecting(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(PORT_PATIENT),
				      .sin_addr.s_addr = htonl(SERVICE_ADDRESS)};
	struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
	int fd = connect_to(PORT_PATIENT, 0), i;

	for (i = 0; i < 3; i++) {
		expect(!connect(fd, &nowhere, sizeof(nowhere)));
		expect(!connect(fd, (struct sockaddr *)&address, sizeof(address)));
	}
	expect(ask(fd, "/a", NULL) == 'A');
}

static void shuts_down_without_a_word(void)
{
	int fd = connect_to(PORT_PATIENT, 0);

	expect(!shutdown(fd, SHUT_WR));
	expect(answer_of(fd) == 'D');
}

static void sends_in_a_child(void)
{
	int fd = connect_to(PORT_PATIENT, 0), status;
	pid_t child = fork();

	if (!child) {
		send_text(fd, request_for("/a", NULL));
		_exit(0);
	}
	expect(waitpid(child, &status, 0) == child && status == 0);
	expect(answer_of(fd) == 'A');
}

static void *receive(void *argument)
{
	static char letter;

	letter = answer_of(*(int *)argument);
	return &letter;
}

static void wakes_who_receives_already(void)
{
	int fd = connect_to(PORT_PATIENT, 0);
	pthread_t thread;
	void *letter;

	expect(!pthread_create(&thread, NULL, receive, &fd));
	usleep(100000);
	send_text(fd, request_for("/a", NULL));
	expect(!pthread_join(thread, &letter) && *(char *)letter == 'A');
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
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(ENDPOINT_B),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	expect(!connect(fd, (struct sockaddr *)&address, sizeof(address)));
	expect(ask(fd, "/a", NULL) == 'B');
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

#define CASE(name)          \
	{                   \
#name, name \
	}

const struct test_case cases[] = {
	CASE(routes_by_path),
	CASE(routes_by_field),
	CASE(routes_within_the_grace),
	CASE(routes_mapped_addresses),
	CASE(routes_v6),
	CASE(routes_many_at_once),
	CASE(keeps_a_connection),
	CASE(works_with_epoll_level),
	CASE(works_with_epoll_edge),
	CASE(takes_a_head_in_pieces),
	CASE(takes_a_head_in_pieces_without_waiting),
	CASE(takes_a_large_head),
	CASE(sends_a_large_body),
	CASE(sends_from_several_buffers),
	CASE(sends_a_file),
	CASE(sends_in_a_child),
	CASE(wakes_who_receives_already),
	CASE(waits_for_a_patient_service),
	CASE(is_refused),
	CASE(is_refused_without_waiting),
	CASE(is_rejected),
	CASE(leaves_tls_to_the_default),
	CASE(leaves_other_protocols_to_the_default),
	CASE(leaves_two_lengths_to_the_default),
	CASE(leaves_a_head_that_is_too_large_to_the_default),
	CASE(leaves_others_alone),
	CASE(hears_a_server_that_speaks_first),
	CASE(sends_what_it_kept_after_the_grace),
	CASE(closes_without_a_word),
	CASE(shuts_down_without_a_word),
	CASE(is_told_the_address_it_asked_for),
	CASE(is_connected_already),
	CASE(connects_again_after_disconnecting),
	CASE(serves_curl),
	CASE(survives_a_race),
	{},
};
