// SPDX-License-Identifier: GPL-2.0-only
/*
 * How programs speak to the module before v6.9: by a congestion control that nobody else can make use of, and by a file
 * that only root may write. From v6.9 on there is neither, and applications see no difference.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bed.h"
#include "cases.h"
#include "clients.h"
#include "programs.h"

#define NOBODY 65534

static int select_congestion(int fd, const char *name)
{
	return setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, strlen(name)) ? errno : 0;
}

static int new_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	expect(fd >= 0);
	return fd;
}

static void connect_service(int fd)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(PORT_PATIENT),
				      .sin_addr.s_addr = htonl(SERVICE_ADDRESS)};

	expect(!connect(fd, (struct sockaddr *)&address, sizeof(address)));
}

static void keeps_its_congestion_control(void)
{
	int fd = new_socket();
	char name[16] = "";
	socklen_t length = sizeof(name);

	expect(!select_congestion(fd, "reno"));
	connect_service(fd);
	expect(!getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &length) && !strcmp(name, "reno"));
	expect(ask(fd, "/a", NULL) == 'A');
}

/* Whoever may select any: it does nothing. */
static void is_not_deferred_by_its_own_choice(void)
{
	unsigned long deferred = counter("deferred"), not_deferred = counter("not_deferred");
	int fd = new_socket(), error = select_congestion(fd, "undermesh");

	expect(error == (programs_call() ? ENOENT : 0));
	expect(!select_congestion(fd, "reno"));
	close(fd);
	expect(counter("deferred") == deferred && counter("not_deferred") == not_deferred);
}

/* There is no change for the module to hear of. */
static void goes_to_the_default_by_its_own_choice(void)
{
	int fd = new_socket();

	if (programs_call())
		return;
	expect(!select_congestion(fd, "undermesh"));
	connect_service(fd);
	expect(ask(fd, "/a", NULL) == 'D');
	expect(!select_congestion(fd, "reno"));
	expect(ask(fd, "/a", NULL) == 'D');
}

static void is_of_no_use_to_others(void)
{
	expect(!setuid(NOBODY));
	expect(select_congestion(new_socket(), "undermesh") == (programs_call() ? ENOENT : EPERM));
	expect(open("/proc/undermesh_routers", O_RDWR) < 0 && errno == (programs_call() ? ENOENT : EACCES));
}

static int tell(const char *line)
{
	int fd = open("/proc/undermesh_routers", O_WRONLY | O_CLOEXEC), error = 0;

	expect(fd >= 0);
	if (write(fd, line, strlen(line)) < 0)
		error = errno;
	close(fd);
	return error;
}

static void takes_no_router_that_is_none(void)
{
	unsigned long routers = counter("routers");

	if (programs_call())
		return;
	expect(tell("nothing") == EINVAL);
	expect(tell("set 9") == EINVAL && tell("set 9 999") == EBADF && tell("set 9 0") == EINVAL &&
	       tell("set 9 1 1") == EINVAL);
	expect(tell("remove 9") == ENOENT && tell("remove") == EINVAL);
	expect(counter("routers") == routers);
}

const struct test_case congestion_cases[] = {
	CASE(keeps_its_congestion_control),
	PLAIN_CASE(is_not_deferred_by_its_own_choice),
	PLAIN_CASE(goes_to_the_default_by_its_own_choice),
	PLAIN_CASE(is_of_no_use_to_others),
	PLAIN_CASE(takes_no_router_that_is_none),
	{},
};
