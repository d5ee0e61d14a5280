// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bed.h"

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

void write_setting(const char *path, const char *value)
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
