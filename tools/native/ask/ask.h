/* SPDX-License-Identifier: Apache-2.0 */
/* Asks for what it is told, by HTTP/1.1 on kept connections, and checks who answered. Nothing is tried twice. */
#ifndef ASK_H
#define ASK_H

#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define MAX_TARGETS  8
#define MAX_REQUESTS 16
#define MAX_ERRNO    200
#define NAME_BYTES   32

struct request {
	char text[1024];	 /* all of it, as it is sent */
	char answer[NAME_BYTES]; /* who must answer it; empty: anybody */
};

struct options {
	struct sockaddr_storage targets[MAX_TARGETS];
	int target_count;
	struct request requests[MAX_REQUESTS];
	int request_count;
	int threads;	    /* each with a connection of its own */
	uint64_t total;	    /* of all threads; 0: until it is told to stop */
	int per_s;	    /* of all threads; 0: as fast as they are answered */
	int per_connection; /* 0: as many as there are */
	int hold_ms;	    /* before a connection is closed */
};

/* How far a request got that failed. */
enum stage { CONNECTING, SENDING, RECEIVING, STAGES };

/* One thread's, added up at the end. `failed` by errno; 0 for an end of file, or what is no answer. */
struct tally {
	uint64_t made, done, wrong, connections, longest_ns;
	uint64_t failed[STAGES][MAX_ERRNO];
	struct {
		char name[NAME_BYTES];
		uint64_t count;
	} answers[MAX_REQUESTS];
};

extern volatile sig_atomic_t stopping;

/* Asks until there is no more to ask. `number`: of the thread, from 0. */
void ask(const struct options *options, int number, struct tally *tally);

/* Connections that held an answer at once, at most, of all threads. */
int most_open(void);

uint64_t now_ns(void);

#endif
