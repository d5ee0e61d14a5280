// SPDX-License-Identifier: GPL-2.0-only
/*
 * main MODULE OBJECT [race_s=N] [cycles=N] [patience_s=N] [without-deferral] [NAME...]: loads them, runs the cases, or
 * those whose names begin so, and prints "ok NAME" or "not ok NAME: REASON" for each.
 */
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
#include "programs.h"
#include "servers.h"

int race_s = 60, cycles = 5;

static int patience_s = 60;
static char **wanted;
static int failures;

static bool is_wanted(const char *name)
{
	char **word = wanted;

	while (*word && strncmp(name, *word, strlen(*word)))
		word++;
	return *word || word == wanted;
}

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
	unsigned long deferred = counter("deferred");
	char reason[512] = "";
	int ends[2], status;
	pid_t child;

	expect(!pipe(ends));
	child = fork();
	if (!child) {
		dup2(ends[1], STDOUT_FILENO);
		enter_cgroup();
		alarm(patience_s);
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
	else if (!status && !one->plain && counter("deferred") == deferred)
		snprintf(reason, sizeof(reason), "no connection was deferred");
	tell(one->name, *reason ? reason : status ? "it failed" : NULL);
}

static void run_cases(const struct test_case *one)
{
	for (; one->name; one++)
		if (is_wanted(one->name))
			run_case(one);
}

static void check(const char *name, bool holds, const char *otherwise)
{
	if (is_wanted(name))
		tell(name, holds ? NULL : otherwise);
}

/* Whatever the kernel complains of, sanitizers of memory included. */
static void check_log(void)
{
	static char log[1 << 20];
	static const char *const words[] = {"BUG",	"WARNING:", "Oops",   "refcount_t",
					    "Redzone",	"Poison",   "KASAN:", "possible circular locking",
					    "hung_task"};
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

/* Returns whether the word is an option. */
static bool take_option(const char *word)
{
	if (!strcmp(word, "without-deferral"))
		set_deferring(false);
	else if (sscanf(word, "race_s=%d", &race_s) != 1 && sscanf(word, "cycles=%d", &cycles) != 1 &&
		 sscanf(word, "patience_s=%d", &patience_s) != 1)
		return false;
	return true;
}

int main(int count, char **words)
{
	static const struct test_case *const groups[] = {
		routing_cases, requests_cases, staying_cases,  moving_cases, early_cases,     sending_cases,
		waiting_cases, socket_cases,   endpoint_cases, uring_cases,  congestion_cases};
	unsigned int i;

	if (count < 3) {
		fprintf(stderr, "main MODULE OBJECT [race_s=N] [cycles=N] [without-deferral] [NAME...]\n");
		return 2;
	}
	module_path = words[1];
	programs_path = words[2];
	wanted = words + 3;
	while (*wanted && take_option(*wanted))
		wanted++;
	signal(SIGPIPE, SIG_IGN);
	if (load_module())
		fail("cannot load %s: %s", module_path, strerror(errno));
	prepare_network();
	keep_hooks();
	start_servers();
	attach_programs();
	check("is_called_by_connect4", can_load("connect4"), "it does not load");
	/* Without calls a program of another hook has TCP's options at most, and its socket is none to defer. */
	check("is_not_called_by_other_hooks", !programs_call() || !can_load("sendmsg4"), "it loads");
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		run_cases(groups[i]);
	detach_programs();
	run_cases(race_cases);
	if (system("cat /proc/undermesh"))
		tell("counts", "no /proc/undermesh");
	run_cases(loading_cases);
	check_log();
	stop_servers();
	return failures != 0;
}
