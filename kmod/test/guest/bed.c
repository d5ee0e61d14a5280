// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bed.h"

#define CGROUP "/sys/fs/cgroup/undermesh-test"

void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

void expect_that(bool holds, const char *what, int line)
{
	if (!holds)
		fail("line %d: not %s (errno %d)", line, what, errno);
}

/* --- the module --- */

int load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), result;

	if (fd < 0)
		return errno;
	result = syscall(SYS_finit_module, fd, "", 0) ? errno : 0;
	close(fd);
	return result;
}

int unload_module(void)
{
	return syscall(SYS_delete_module, "undermesh", O_NONBLOCK) ? errno : 0;
}

/* --- the programs --- */

static struct bpf_object *object;
static struct bpf_link *links[3];

static struct bpf_link *attach_connect(const char *name, int cgroup)
{
	struct bpf_link *link =
		bpf_program__attach_cgroup(bpf_object__find_program_by_name(object, name), cgroup);

	if (!link)
		fail("cannot attach %s: %s", name, strerror(errno));
	return link;
}

void attach_programs(const char *path)
{
	int cgroup;

	object = bpf_object__open_file(path, NULL);
	if (!object || bpf_object__load(object))
		fail("cannot load %s: %s", path, strerror(errno));
	mkdir(CGROUP, 0755);
	cgroup = open(CGROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	expect(cgroup >= 0);
	links[0] = attach_connect("connect4", cgroup);
	links[1] = attach_connect("connect6", cgroup);
	close(cgroup);
	links[2] = bpf_map__attach_struct_ops(bpf_object__find_map_by_name(object, "router"));
	if (!links[2])
		fail("cannot attach the router: %s", strerror(errno));
}

void detach_programs(void)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		bpf_link__destroy(links[i]);
	bpf_object__close(object);
}

bool can_load(const char *path, const char *name)
{
	struct bpf_object *other = bpf_object__open_file(path, NULL);
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	struct bpf_program *program;
	bool loaded;

	expect(other);
	bpf_object__for_each_program(program, other)
		bpf_program__set_autoload(program, !strcmp(bpf_program__name(program), name));
	bpf_map__set_autocreate(bpf_object__find_map_by_name(other, "router"), false);
	loaded = !bpf_object__load(other);
	libbpf_set_print(print);
	bpf_object__close(other);
	return loaded;
}

static void enter(const char *cgroup)
{
	int fd = open(cgroup, O_WRONLY | O_CLOEXEC);

	expect(fd >= 0 && write(fd, "0", 1) == 1);
	close(fd);
}

void enter_cgroup(void)
{
	enter(CGROUP "/cgroup.procs");
}

void leave_cgroup(void)
{
	enter("/sys/fs/cgroup/cgroup.procs");
}

/* --- servers --- */

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

/* --- clients --- */

int connect_to(int port, int flags)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(SERVICE_ADDRESS)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	expect(fd >= 0);
	expect(!connect(fd, (struct sockaddr *)&address, sizeof(address)));
	return fd;
}

void send_text(int fd, const char *text)
{
	size_t length = strlen(text);

	while (length) {
		ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);

		if (sent < 0)
			fail("send: %s", strerror(errno));
		text += sent;
		length -= sent;
	}
}

/* The letter is behind the head, or all there is. */
char answer_of(int fd)
{
	char text[512];
	size_t have = 0;

	for (;;) {
		ssize_t got = read(fd, text + have, sizeof(text) - 1 - have);
		char *end;

		if (got < 0)
			fail("read: %s", strerror(errno));
		if (!got)
			fail("the server closed the connection after %zu bytes", have);
		have += got;
		text[have] = '\0';
		if (have >= 2 && strncmp(text, "HT", 2))
			return text[0];
		end = strstr(text, "\r\n\r\n");
		if (end && strlen(end) == 6)
			return end[4];
	}
}

const char *request_for(const char *path, const char *field)
{
	static char text[512];

	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: shop\r\n%s%s\r\n", path, field ? field : "",
		 field ? "\r\n" : "");
	return text;
}

char ask(int fd, const char *path, const char *field)
{
	send_text(fd, request_for(path, field));
	return answer_of(fd);
}
