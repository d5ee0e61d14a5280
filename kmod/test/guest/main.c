// SPDX-License-Identifier: GPL-2.0-only
/* main MODULE OBJECT: loads them, runs the cases, and prints "ok NAME" or "not ok NAME: REASON" for each. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bed.h"
#include "cases.h"

#define PATIENCE_S 30

static int failures;

static void tell(const char *name, const char *reason)
{
	if (reason)
		printf("not ok %s: %s\n", name, reason);
	else
		printf("ok %s\n", name);
	failures += reason != NULL;
	fflush(stdout);
}

/* What a child printed is its reason; one that was ended by a signal hung, or crashed. */
static void run_case(const struct test_case *one)
{
	char reason[512] = "";
	int ends[2], status;
	pid_t child;

	expect(!pipe(ends));
	child = fork();
	if (!child) {
		dup2(ends[1], STDOUT_FILENO);
		enter_cgroup();
		alarm(PATIENCE_S);
		one->run();
		_exit(0);
	}
	close(ends[1]);
	waitpid(child, &status, 0);
	if (read(ends[0], reason, sizeof(reason) - 1) < 0)
		reason[0] = '\0';
	close(ends[0]);
	reason[strcspn(reason, "\n")] = '\0';
	if (WIFSIGNALED(status))
		snprintf(reason, sizeof(reason), "%s",
			 WTERMSIG(status) == SIGALRM ? "it hangs" : strsignal(WTERMSIG(status)));
	tell(one->name, status ? reason : NULL);
}

static void check(const char *name, int is, int should_be)
{
	char reason[128];

	snprintf(reason, sizeof(reason), "errno %d in place of %d", is, should_be);
	tell(name, is == should_be ? NULL : reason);
}

/* Whatever the kernel complains of, sanitizers of memory included. */
static void check_log(void)
{
	static char log[1 << 20];
	static const char *const words[] = {"BUG", "WARNING:", "Oops", "refcount_t", "Redzone", "Poison"};
	int length = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, log, sizeof(log) - 1);
	unsigned int i;

	expect(length >= 0);
	log[length] = '\0';
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		char *found = strstr(log, words[i]), *line = found;

		if (!found)
			continue;
		while (line > log && line[-1] != '\n')
			line--;
		printf("%s\n", line);
		line[strcspn(line, "\n")] = '\0';
		tell("leaves_no_complaint", line);
		return;
	}
	tell("leaves_no_complaint", NULL);
}

/* A socket outlives the programs that deferred it. */
static void check_unloading(const char *module, const char *object)
{
	int fd, tries, error;

	check("is_not_unloaded_with_programs", unload_module(), EAGAIN);
	enter_cgroup();
	fd = connect_to(PORT_PATIENT, 0);
	leave_cgroup();
	detach_programs();
	for (tries = 0; tries < 20; tries++) {
		error = unload_module();
		if (error != EAGAIN)
			break;
		usleep(100000);
	}
	check("is_not_unloaded_with_a_socket", error, EAGAIN);
	tell("routes_to_the_default_without_programs", ask(fd, "/a", NULL) == 'D' ? NULL : "elsewhere");
	close(fd);
	for (tries = 0; tries < 50 && (error = unload_module()) == EAGAIN; tries++)
		usleep(100000);
	check("is_unloaded", error, 0);
	check("is_loaded_again", load_module(module), 0);
	attach_programs(object);
	enter_cgroup();
	tell("routes_again", ask(connect_to(PORT_PATIENT, 0), "/a", NULL) == 'A' ? NULL : "elsewhere");
	leave_cgroup();
	detach_programs();
}

int main(int count, char **words)
{
	static const struct test_case *const groups[] = {routing_cases, sending_cases, socket_cases,
							 race_cases};
	const struct test_case *one;
	unsigned int i;

	if (count != 3) {
		fprintf(stderr, "main MODULE OBJECT\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	check("is_loaded", load_module(words[1]), 0);
	start_servers();
	attach_programs(words[2]);
	tell("is_called_by_connect4", can_load(words[2], "connect4") ? NULL : "it does not load");
	tell("is_not_called_by_other_hooks", can_load(words[2], "sendmsg4") ? "it loads" : NULL);
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		for (one = groups[i]; one->name; one++)
			run_case(one);
	if (system("cat /proc/net/undermesh"))
		tell("counts", "no /proc/net/undermesh");
	check_unloading(words[1], words[2]);
	check_log();
	stop_servers();
	return failures != 0;
}
