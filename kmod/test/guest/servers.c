// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bed.h"
#include "servers.h"

static const struct {
	int port;
	char letter;
	bool speaks_first;
} servers[] = {
	{ENDPOINT_DEFAULT, 'D', false},
	{ENDPOINT_A, 'A', false},
	{ENDPOINT_B, 'B', false},
	{ENDPOINT_BANNER, 'S', true},
};

#define SERVERS (sizeof(servers) / sizeof(servers[0]))

static pid_t server_pids[SERVERS];
static unsigned long *accepted;

struct connection {
	int fd;
	int server;
};

/* The end of a request in what was received: its head and, when there is a Content-Length, its body. */
static size_t request_length(const char *text, size_t length)
{
	const char *end = memmem(text, length, "\r\n\r\n", 4), *field;
	size_t body = 0;

	if (!end)
		return 0;
	field = memmem(text, end - text, "Content-Length: ", 16);
	if (field)
		body = strtoul(field + 16, NULL, 10);
	return end + 4 - text + body;
}

static void write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		text += sent;
		length -= sent;
	}
}

#define REQUEST_MAX (4 << 20)

static void *serve_connection(void *argument)
{
	struct connection connection = *(struct connection *)argument;
	char *text = malloc(REQUEST_MAX), answer[128];
	char letter = servers[connection.server].letter;
	size_t have = 0, length;
	ssize_t got;

	free(argument);
	if (servers[connection.server].speaks_first)
		write_all(connection.fd, (char[]){letter, '!'}, 2);
	while ((got = read(connection.fd, text + have, REQUEST_MAX - have)) > 0) {
		have += got;
		if (text[0] < 'A' || text[0] > 'Z') {
			write_all(connection.fd, (char[]){letter, '.'}, 2);
			break;
		}
		while ((length = request_length(text, have)) && length <= have) {
			int n = snprintf(answer, sizeof(answer),
					 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n%c\n", letter);

			write_all(connection.fd, answer, n);
			have -= length;
			memmove(text, text + length, have);
		}
	}
	if (!got && !have && !servers[connection.server].speaks_first)
		write_all(connection.fd, (char[]){letter, ' '}, 2);
	shutdown(connection.fd, SHUT_WR);
	close(connection.fd);
	free(text);
	return NULL;
}

static void serve(int server, int listener)
{
	for (;;) {
		struct connection *connection = malloc(sizeof(*connection));
		pthread_t thread;

		*connection = (struct connection){accept4(listener, NULL, NULL, SOCK_CLOEXEC), server};
		if (connection->fd < 0)
			_exit(1);
		__atomic_add_fetch(&accepted[server], 1, __ATOMIC_RELAXED);
		if (pthread_create(&thread, NULL, serve_connection, connection))
			_exit(1);
		pthread_detach(thread);
	}
}

/* Of both families. */
static int listen_on(int port)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	expect(!bind(fd, (struct sockaddr *)&address, sizeof(address)));
	expect(!listen(fd, 512));
	return fd;
}

void start_servers(void)
{
	unsigned int i;

	accepted = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < SERVERS; i++) {
		int listener = listen_on(servers[i].port);

		server_pids[i] = fork();
		if (!server_pids[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(i, listener);
		}
		close(listener);
	}
}

void stop_servers(void)
{
	unsigned int i;

	for (i = 0; i < SERVERS; i++) {
		kill(server_pids[i], SIGKILL);
		waitpid(server_pids[i], NULL, 0);
	}
}

unsigned long accepted_by(int endpoint)
{
	unsigned int i;

	for (i = 0; i < SERVERS; i++)
		if (servers[i].port == endpoint)
			return __atomic_load_n(&accepted[i], __ATOMIC_RELAXED);
	fail("no server at %d", endpoint);
}
