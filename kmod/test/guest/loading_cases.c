// SPDX-License-Identifier: GPL-2.0-only
/* Loading and unloading the module: refused while somebody needs it, and nobody else notices. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bed.h"
#include "cases.h"
#include "clients.h"
#include "programs.h"

/* What holds it may be given back a little later: programs after a grace period. */
static int unload_patiently(void)
{
	int tries, error;

	for (tries = 0; tries < 100 && (error = unload_module()) == EAGAIN; tries++)
		usleep(100000);
	return error;
}

static void is_not_unloaded_with_programs(void)
{
	attach_programs();
	expect(unload_module() == EAGAIN);
	expect(ask(connect_to(PORT_PATIENT, 0), "/a", NULL) == 'A');
}

/* A socket outlives the programs that deferred it. */
static void is_not_unloaded_with_a_socket(void)
{
	int fd, tries;

	attach_programs();
	fd = connect_to(PORT_PATIENT, 0);
	detach_programs();
	for (tries = 0; tries < 10; tries++) {
		expect(unload_module() == EAGAIN);
		usleep(100000);
	}
	expect(ask(fd, "/a", NULL) == 'D');
	close(fd);
	expect(!unload_patiently());
	expect(!load_module());
}

static void is_unloaded_and_loaded_again(void)
{
	expect(!unload_patiently());
	expect(access("/proc/undermesh", F_OK) && access("/proc/net/undermesh", F_OK));
	expect(ask(connect_to_endpoint(ENDPOINT_A), "/", NULL) == 'A');
	expect(!load_module());
	attach_programs();
	expect(ask(connect_to(PORT_PATIENT, 0), "/a", NULL) == 'A');
}

static atomic_bool ended;

/* Connections that are none of ours: kept, and new ones. Returns how many were asked. */
static void *use_other_services(void *argument)
{
	int kept = connect_to_endpoint(ENDPOINT_B);
	long asked = 0;

	while (!ended) {
		int fd = connect_to_endpoint(ENDPOINT_A);

		expect(ask(fd, "/", NULL) == 'A' && ask(kept, "/", NULL) == 'B');
		close(fd);
		asked += 2;
	}
	return (void *)asked;
}

static void is_loaded_many_times(void)
{
	pthread_t threads[2];
	void *asked;
	int i, fd;

	alarm(30 + 10 * cycles);
	for (i = 0; i < 2; i++)
		expect(!pthread_create(&threads[i], NULL, use_other_services, NULL));
	for (i = 0; i < cycles; i++) {
		expect(!unload_patiently());
		expect(!load_module());
		/* Some of its own as well, each time. */
		attach_programs();
		fd = connect_to(PORT_PATIENT, 0);
		expect(ask(fd, "/a", NULL) == 'A');
		close(fd);
		close(connect_to(PORT_HASTY, 0));
		detach_programs();
	}
	ended = true;
	for (i = 0; i < 2; i++)
		expect(!pthread_join(threads[i], &asked) && (long)asked > cycles);
}

const struct test_case loading_cases[] = {
	PLAIN_CASE(is_not_unloaded_with_programs),
	PLAIN_CASE(is_not_unloaded_with_a_socket),
	PLAIN_CASE(is_unloaded_and_loaded_again),
	PLAIN_CASE(is_loaded_many_times),
	{},
};
