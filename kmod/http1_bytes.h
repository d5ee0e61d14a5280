/* SPDX-License-Identifier: GPL-2.0-only */
/* Which bytes may stand where in HTTP/1.1 (RFC 9110, 5.5 and 5.6; RFC 3986, 3). */
#ifndef UNDERMESH_HTTP1_BYTES_H
#define UNDERMESH_HTTP1_BYTES_H

#include "http1_port.h"

enum http1_byte {
	HTTP1_TOKEN_BYTE = 1, /* in a method, in the name of a field */
	HTTP1_PATH_BYTE = 2,
	HTTP1_QUERY_BYTE = 4,
	HTTP1_VALUE_BYTE = 8, /* in the value of a field */
	HTTP1_HOST_BYTE = 16,
	HTTP1_BLANK_BYTE = 32,
};

/* Of every byte: where it may stand (enum http1_byte). */
extern const u8 http1_bytes[256];

#endif
