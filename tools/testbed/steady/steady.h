/* SPDX-License-Identifier: Apache-2.0 */
/* Traffic that shows every break: connections that carry numbered bytes both ways, requests, and probes. Nothing is tried twice. */
#ifndef STEADY_H
#define STEADY_H

#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define MAX_TARGETS   32
#define MAX_ERRNO     200
#define MAX_UNDER_WAY 4096

struct options {
	struct sockaddr_storage targets[MAX_TARGETS];
	int target_count;
	int lasting;	    /* connections kept open */
	int message_ms;	    /* between two messages of one of them */
	int requests_per_s; /* each on a connection of its own */
	int probes_per_s;   /* connects that are closed at once */
};

/* What all connections carry, both ways: the server sends each message back. */
struct message {
	uint64_t number;
	uint64_t sent_ns;
};

/* Attempts of one kind; `failed` by errno, 0 for an end of file where an answer was due. */
struct tally {
	uint64_t made, done;
	uint64_t failed[MAX_ERRNO];
	uint64_t longest_ns;
	uint64_t first_failure_ns, last_failure_ns; /* since the start of the client */
};

int run_client(const struct options *options);
int run_server(const struct options *options);

extern volatile sig_atomic_t stopping;
uint64_t now_ns(void);
socklen_t length_of(const struct sockaddr_storage *address);
void die(const char *doing) __attribute__((noreturn));

#endif
