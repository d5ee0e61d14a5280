/* SPDX-License-Identifier: Apache-2.0 */
/* Makes TCP connections and counts exactly what was made, so that tests can compare records with the truth. */
#ifndef LOAD_H
#define LOAD_H

#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define MAX_ADDRESSES 256
#define MAX_PORTS     1024
#define MAX_ERRNO     134
#define CHUNK	      65536
#define REQUEST_MAGIC 0x444c4d55u /* "UMLD" */

enum ending { CLIENT_CLOSES, SERVER_CLOSES, CLIENT_RESETS, SERVER_RESETS };

/*
 * First bytes of every request that is not empty: the server learns what to expect and how to end, so that sizes
 * may differ from one connection to the next. Both ends run on one machine: host byte order.
 */
struct request_head {
	uint32_t magic;
	uint32_t request_bytes; /* this head included */
	uint32_t response_bytes;
	uint32_t ending;
};

struct span {
	uint32_t least, most;
};

/* What was made, in all and per destination port. */
struct tally {
	uint64_t attempted; /* client: connect() was called; server: accepted */
	uint64_t established;
	uint64_t abandoned;		     /* client: closed while still connecting */
	uint64_t completed;		     /* the whole exchange took place */
	uint64_t bytes_sent, bytes_received; /* payload that send() took and recv() gave */
	uint64_t failed[MAX_ERRNO];	     /* connect() failed, by errno */
	uint64_t broken[MAX_ERRNO]; /* established, then ended early, by errno; 0: an unexpected FIN */
};

struct options {
	bool server;
	struct sockaddr_storage
		addresses[MAX_ADDRESSES]; /* server: listen here; client: connect to these in turn */
	int address_count;
	struct sockaddr_storage sources[MAX_ADDRESSES];
	int source_count;
	uint16_t ports[MAX_PORTS];
	int port_count;
	uint64_t connections;
	int concurrency;
	uint64_t per_second; /* 0: as fast as it goes */
	struct span send, receive;
	enum ending ending;
	uint32_t hold_ms, give_up_ms;
};

int run_client(const struct options *options);
int run_server(const struct options *options);

/* shared by both ends: socket.c, report.c */
extern volatile sig_atomic_t stopping;
extern char payload[CHUNK];
uint64_t now_ns(void);
void die(const char *doing) __attribute__((noreturn));
void set_port(struct sockaddr_storage *address, uint16_t port);
socklen_t length_of(const struct sockaddr_storage *address);
void close_with_reset(int fd);
void note_latency(uint64_t ns); /* latency.c */
void print_latencies(void);
void report(const char *role, const struct tally *tallies, const struct options *options,
	    uint64_t elapsed_ns);

#endif
