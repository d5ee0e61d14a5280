/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs of the test and its servers agree on. */
#ifndef UNDERMESH_TEST_ADDRESSES_H
#define UNDERMESH_TEST_ADDRESSES_H

/* Whose connections are deferred. */
#define OWNER 7

/* The services are ports of this address, which nobody listens on. */
#define SERVICE_ADDRESS 0x7f000064 /* 127.0.0.100 */

#define SERVICE_ADDRESS_V6 "fd00::64" /* has PORT_PATIENT only */

#define PORT_PATIENT 80 /* waits for the client; its default endpoint is DEFAULT */
#define PORT_HASTY   81 /* a grace of GRACE_MS; DEFAULT */
#define PORT_BANNER  82 /* a grace of GRACE_MS; BANNER */
#define PORT_GONE    83 /* waits; nobody listens at its default endpoint */

#define GRACE_MS 300

/* Endpoints are ports of 127.0.0.1, and of ::1 for services of IPv6. */
#define ENDPOINT_DEFAULT 8000
#define ENDPOINT_A	 8001 /* for the path /a and below */
#define ENDPOINT_B	 8002 /* for the field "x-to: b" */
#define ENDPOINT_BANNER	 8003
#define ENDPOINT_NOBODY	 8009 /* for the path /nobody, or the field "x-to: n": refuses */
#define ENDPOINT_SILENT	 8010 /* for the path /silent: never answers, once it was filled */

/* At ENDPOINT_A, of which it is not heard. */
#define AWAY_ADDRESS	    "192.0.2.1" /* for the path /away: no route leads there */
#define UNREACHABLE_ADDRESS "127.9.9.9" /* for the path /unreachable: a route says that it is */

/* The path /reject is answered with this errno. */
#define REJECTED 13 /* EACCES */

#endif
