/* SPDX-License-Identifier: Apache-2.0 */
/* Makes HTTP/1.1 requests and counts exactly what went over the wire, so that tests can compare records with the truth. */
#ifndef HTTP_LOAD_H
#define HTTP_LOAD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_PLANS   64
#define MAX_THREADS 256
#define BUFFER	    (256 << 10)

/* How one request is made and answered. The server reads its part from the path. */
struct plan {
	char method[16];
	uint64_t request_bytes; /* of its body */
	uint32_t request_chunk; /* bytes in a chunk; 0: with Content-Length */
	int status;
	uint64_t response_bytes;
	uint32_t response_chunk;
	int split;    /* 0: heads go in one piece; else in two, at another byte each time */
	int delay_ms; /* before the answer */
	int pause_ms; /* between the head of the answer and its body */
	int interim;  /* 1: with 100 Continue before it */
};

struct options {
	struct sockaddr_storage address;
	struct plan plans[MAX_PLANS];
	int plan_count;
	uint64_t requests;
	uint32_t per_connection; /* requests on one connection before the client closes it */
	int concurrency;
};

/* What was made. */
struct tally {
	uint64_t requests, connections;
	uint64_t classes[6]; /* by the first digit of the status */
	uint64_t request_bytes, response_bytes;
};

/* One end of a connection: bytes that were read and not yet used. */
struct wire {
	int fd;
	size_t begin, end;
	uint64_t sent_bytes, received_bytes;
	uint64_t read_ns; /* when bytes were last read */
	char buffer[BUFFER];
};

int run_client(const struct options *options);
int run_server(const struct options *options);

/* wire.c; all of them are false when the other end is gone */
void wire_open(struct wire *wire, int fd);
bool wire_send(struct wire *wire, const char *bytes, size_t length);
bool wire_send_head(struct wire *wire, const char *head, size_t length, size_t split);
bool wire_send_body(struct wire *wire, uint64_t length, uint32_t chunk);
/* Reads a head; `head` then is text of `wire`, valid until more is read. */
bool wire_read_head(struct wire *wire, char **head);
bool wire_skip(struct wire *wire, uint64_t length);
bool wire_skip_body(struct wire *wire, const char *head);
const char *wire_field(const char *head, const char *name);
uint64_t now_ns(void);
void pause_ms(int ms);
void die(const char *doing) __attribute__((noreturn));

#endif
