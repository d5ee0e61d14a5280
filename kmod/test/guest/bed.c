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

#define CGROUP	    "/sys/fs/cgroup/undermesh-test"
#define IDLE_CGROUP "/sys/fs/cgroup/undermesh-idle"

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

const char *module_path, *programs_path;

int load_module(void)
{
	int fd = open(module_path, O_RDONLY | O_CLOEXEC), result;

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

unsigned long counter(const char *name)
{
	FILE *file = fopen("/proc/undermesh", "re");
	unsigned long value = 0, found;
	char word[64];

	while (file && fscanf(file, "%63s %lu", word, &found) == 2)
		if (!strcmp(word, name))
			value = found;
	if (file)
		fclose(file);
	return value;
}

/* --- the network --- */

static void write_setting(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	expect(fd >= 0 && write(fd, value, strlen(value)) > 0);
	close(fd);
}

void prepare_network(void)
{
	expect(!system("ip route replace unreachable " UNREACHABLE_ADDRESS " table local"));
	write_setting("/proc/sys/net/ipv4/tcp_syn_retries", "1");
}

/* Lets everything pass, in a cgroup that nobody is in. */
static void attach_idle_hook(int cgroup, enum bpf_attach_type type)
{
	const struct bpf_insn pass[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
					{.code = BPF_JMP | BPF_EXIT}};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = type);
	int program = bpf_prog_load(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "pass", "GPL", pass, 2, &options);

	expect(program >= 0 && !bpf_prog_attach(program, cgroup, type, 0));
	close(program);
}

/*
 * The kernel patches itself when a hook gets its first program or loses its last one, and an emulated processor that is in
 * the midst of connect() may stay there for good (QEMU 7.2). So there is always one.
 */
void keep_hooks(void)
{
	int cgroup;

	mkdir(IDLE_CGROUP, 0755);
	cgroup = open(IDLE_CGROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	attach_idle_hook(cgroup, BPF_CGROUP_INET4_CONNECT);
	attach_idle_hook(cgroup, BPF_CGROUP_INET6_CONNECT);
	close(cgroup);
}

/* --- the programs --- */

/* The second one has a router to put into the place of the first one's. */
static struct bpf_object *objects[2];
static struct bpf_link *hooks[2], *router;
static int attached_router;
static bool deferring = true;

void set_deferring(bool wanted)
{
	deferring = wanted;
}

/* Before v6.9 there is none: the router is a program, asked by mailboxes (mailbox.h). */
static struct bpf_map *router_of(struct bpf_object *object)
{
	return bpf_object__find_map_by_name(object, "router");
}

static struct bpf_map *mailboxes_of(struct bpf_object *object)
{
	return bpf_object__find_map_by_name(object, "undermesh_mail");
}

/* `before`: what it takes the place of, or NULL. */
static struct bpf_object *load_programs(struct bpf_object *before)
{
	struct bpf_object *object = bpf_object__open_file(programs_path, NULL);
	size_t size;

	if (!object)
		fail("cannot open %s: %s", programs_path, strerror(errno));
	*(bool *)bpf_map__initial_value(bpf_object__find_map_by_name(object, ".rodata.deferring"), &size) =
		deferring;
	if (before && mailboxes_of(object))
		expect(!bpf_map__reuse_fd(mailboxes_of(object), bpf_map__fd(mailboxes_of(before))));
	if (bpf_object__load(object))
		fail("cannot load %s: %s", programs_path, strerror(errno));
	return object;
}

static struct bpf_link *attach_hook(const char *name, int cgroup)
{
	struct bpf_link *link =
		bpf_program__attach_cgroup(bpf_object__find_program_by_name(objects[0], name), cgroup);

	if (!link)
		fail("cannot attach %s: %s", name, strerror(errno));
	return link;
}

void attach_hooks(void)
{
	int cgroup;

	mkdir(CGROUP, 0755);
	cgroup = open(CGROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	expect(cgroup >= 0);
	hooks[0] = attach_hook("connect4", cgroup);
	hooks[1] = attach_hook("connect6", cgroup);
	close(cgroup);
}

void detach_hooks(void)
{
	bpf_link__destroy(hooks[0]);
	bpf_link__destroy(hooks[1]);
}

static void tell_module(const char *format, ...)
{
	va_list arguments;
	char line[64];

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	write_setting("/proc/undermesh_routers", line);
}

static void set_router(void)
{
	struct bpf_program *program = bpf_object__find_program_by_name(objects[attached_router], "route");

	tell_module("set %d %d", OWNER, bpf_program__fd(program));
}

void attach_router(void)
{
	attached_router = 0;
	if (!router_of(objects[0])) {
		set_router();
		return;
	}
	router = bpf_map__attach_struct_ops(router_of(objects[0]));
	if (!router)
		fail("cannot attach the router: %s", strerror(errno));
}

void detach_router(void)
{
	if (router_of(objects[0]))
		bpf_link__destroy(router);
	else
		tell_module("remove %d", OWNER);
}

void replace_router(void)
{
	attached_router = !attached_router;
	if (!router_of(objects[0]))
		set_router();
	else if (bpf_link__update_map(router, router_of(objects[attached_router])))
		fail("cannot replace the router: %s", strerror(errno));
}

void attach_programs(void)
{
	objects[0] = load_programs(NULL);
	objects[1] = load_programs(objects[0]);
	attach_hooks();
	attach_router();
}

void detach_programs(void)
{
	detach_hooks();
	detach_router();
	bpf_object__close(objects[0]);
	bpf_object__close(objects[1]);
}

bool programs_call(void)
{
	return router_of(objects[0]) != NULL;
}

bool can_load(const char *name)
{
	struct bpf_object *other = bpf_object__open_file(programs_path, NULL);
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	struct bpf_program *program;
	bool loaded;

	expect(other);
	bpf_object__for_each_program(program, other)
		bpf_program__set_autoload(program, !strcmp(bpf_program__name(program), name));
	if (router_of(other))
		bpf_map__set_autocreate(router_of(other), false);
	loaded = !bpf_object__load(other);
	libbpf_set_print(print);
	bpf_object__close(other);
	return loaded;
}

void enter_cgroup(void)
{
	write_setting(CGROUP "/cgroup.procs", "0");
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

static int connect_to_address(unsigned int address, int port, int flags)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	expect(fd >= 0);
	expect(!connect(fd, (struct sockaddr *)&to, sizeof(to)));
	return fd;
}

int connect_to(int port, int flags)
{
	return connect_to_address(SERVICE_ADDRESS, port, flags);
}

int connect_to_endpoint(int endpoint)
{
	return connect_to_address(INADDR_LOOPBACK, endpoint, 0);
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
		if (end && strlen(end) >= 6)
			return end[4];
	}
}

const char *request_for(const char *path, const char *field)
{
	static _Thread_local char text[512];

	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: shop\r\n%s%s\r\n", path, field ? field : "",
		 field ? "\r\n" : "");
	return text;
}

char ask(int fd, const char *path, const char *field)
{
	send_text(fd, request_for(path, field));
	return answer_of(fd);
}
