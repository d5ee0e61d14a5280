/* SPDX-License-Identifier: GPL-2.0-only */
/* What a case stands on: what it expects, the module, and the network. Whatever goes wrong ends the process with its reason. */
#ifndef UNDERMESH_TEST_BED_H
#define UNDERMESH_TEST_BED_H

#include <stdbool.h>
#include <stddef.h>

#include "addresses.h"

/* Ends the case; the message is its reason. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#define expect(holds) expect_that(holds, #holds, __LINE__)
void expect_that(bool holds, const char *what, int line);

/* The files of the module and of the programs. */
extern const char *module_path, *programs_path;

/* Loads or unloads the module; 0 or the errno. */
int load_module(void);
int unload_module(void);

/* A route that says that UNREACHABLE_ADDRESS is, and a TCP that gives up soon on who does not answer. */
void prepare_network(void);

/* Writes to a file of /proc or /sys. */
void write_setting(const char *path, const char *value);

/* What /proc/undermesh says; 0 while it is not there. */
unsigned long counter(const char *name);

#endif
