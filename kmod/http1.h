/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTTP/1.1 (RFC 9110, RFC 9112), read strictly: what one recipient might take for something else than another does is
 * refused. Bytes are given once, in whatever pieces they come; the answer does not depend on the pieces. No memory is
 * allocated and none is kept outside the structures below.
 */
#ifndef UNDERMESH_HTTP1_H
#define UNDERMESH_HTTP1_H

#include "http1_port.h"

/* A head of more bytes, or of more fields, is refused. */
#define HTTP1_HEAD_MAX	 16384
#define HTTP1_FIELDS_MAX 100

/* In a body of chunks: the bytes of one line that gives a size, and of all trailers. */
#define HTTP1_CHUNK_LINE_MAX 256
#define HTTP1_TRAILER_MAX    8192

/* What the bytes that were read came to. */
enum http1_verdict {
	HTTP1_MORE,	/* all of them were read, and more are needed */
	HTTP1_COMPLETE, /* it ended with the last byte that was read */
	HTTP1_FOREIGN,	/* not HTTP/1 */
	HTTP1_REFUSED,	/* HTTP/1, of a shape that recipients differ over */
};

/* Why it is foreign or refused; http1_names.c has a word for each. */
enum http1_reason {
	HTTP1_NO_REASON,
	/* foreign */
	HTTP1_TLS,   /* begins as a TLS record of a handshake does */
	HTTP1_HTTP2, /* the preface of HTTP/2 */
	HTTP1_RAW,   /* does not begin as a request, or a response, does */
	/* refused */
	HTTP1_VERSION,		 /* neither 1.0 nor 1.1 */
	HTTP1_TARGET,		 /* not a path; or a character that none has */
	HTTP1_STATUS,		 /* not three digits */
	HTTP1_BARE_BREAK,	 /* CR without LF, or LF without CR */
	HTTP1_FOLDED,		 /* a line that goes on with the field before it */
	HTTP1_NAME,		 /* of a field: empty, or with a character that none has */
	HTTP1_VALUE,		 /* of a field: with NUL or another control character */
	HTTP1_HOST,		 /* none where one has to be, more than one, or no host */
	HTTP1_CONTENT_LENGTH,	 /* more than one, or not a number */
	HTTP1_TRANSFER_ENCODING, /* anything but "chunked", once, without Content-Length, in HTTP/1.1 */
	HTTP1_CHUNK,		 /* a size that is none, or a chunk that does not end where it should */
	HTTP1_TOO_LARGE,
	HTTP1_TOO_MANY_FIELDS,
	HTTP1_REASONS,
};

enum http1_method {
	HTTP1_METHOD_OTHER, /* known, and of no effect on framing */
	HTTP1_METHOD_HEAD,
	HTTP1_METHOD_CONNECT,
	HTTP1_METHOD_OPTIONS,
	HTTP1_METHOD_PRI, /* of the preface of HTTP/2 only */
};

/* A part of a head: where it begins, counted from the head's first byte, and its length. */
struct http1_span {
	u16 at;
	u16 length;
};

/* A field; the value without white space around it. */
struct http1_field {
	struct http1_span name;
	struct http1_span value;
};

enum http1_kind {
	HTTP1_REQUEST,
	HTTP1_RESPONSE,
};

enum http1_head_flag {
	HTTP1_HEAD_HOST = 1,
	HTTP1_HEAD_LENGTH = 2,	/* content_length is valid */
	HTTP1_HEAD_CHUNKED = 4, /* the body comes in chunks */
};

/*
 * A head while it is read, and what it says once it is complete. `fields` may be NULL: then they are counted and checked
 * but not kept.
 */
struct http1_head {
	struct http1_field *fields; /* room for HTTP1_FIELDS_MAX */
	u16 field_count;
	u16 length; /* bytes read */
	u8 kind;    /* enum http1_kind */
	u8 verdict; /* enum http1_verdict */
	u8 reason;  /* enum http1_reason */
	u8 flags;   /* enum http1_head_flag */
	u8 minor;   /* HTTP/1.minor */

	/* of a request */
	u8 method_id; /* enum http1_method */
	struct http1_span method;
	struct http1_span target; /* as it was sent */
	struct http1_span path;	  /* up to the query; "*"; empty for CONNECT */
	struct http1_span query;  /* behind the question mark */
	struct http1_span host;	  /* the field's value, with its port if it has one */
	/* of a response */
	u16 status;

	u64 content_length;

	/* where the reader is */
	u8 state;
	u8 known; /* which field's value comes */
	u8 token_length;
	u8 token[20]; /* the front of what is compared with words that are known */
	struct http1_field field;
};

/* How the end of a message is found. */
enum http1_framing {
	HTTP1_BODY_NONE,
	HTTP1_BODY_LENGTH,
	HTTP1_BODY_CHUNKED,
	HTTP1_BODY_UNTIL_CLOSE,
};

/* A body while it is read. */
struct http1_body {
	u64 left;   /* bytes of the body or of the chunk */
	u16 line;   /* bytes of this line of a size, or of the trailers */
	u8 framing; /* enum http1_framing */
	u8 verdict; /* HTTP1_MORE, HTTP1_COMPLETE or HTTP1_REFUSED */
	u8 reason;
	u8 state;
};

/* Begins a head; `fields`: see struct http1_head. */
void http1_head_begin(struct http1_head *head, enum http1_kind kind, struct http1_field *fields);

/*
 * Reads on in a head. Returns how many bytes were read: all of them while the verdict is HTTP1_MORE, up to the end of
 * the head when it is HTTP1_COMPLETE.
 */
u32 http1_head_read(struct http1_head *head, const u8 *data, u32 length);

/* Begins the body of a request whose head is complete. */
void http1_request_body_begin(struct http1_body *body, const struct http1_head *request);

/* Begins the body of a final response (status >= 200) to a request with this method (enum http1_method). */
void http1_response_body_begin(struct http1_body *body, const struct http1_head *response, u8 method);

/* Reads on in a body. Returns how many bytes belong to it. */
u32 http1_body_read(struct http1_body *body, const u8 *data, u32 length);

/*
 * How many of the next bytes may pass without being looked at, as they say nothing about where the body ends: at most
 * `length`, and they pass.
 */
u32 http1_body_pass(struct http1_body *body, u32 length);

/* Where a connection is between two requests. */
enum http1_phase {
	HTTP1_IDLE,   /* the next byte that the client sends begins a request */
	HTTP1_BUSY,   /* a request is on its way or its response is */
	HTTP1_OPAQUE, /* where messages end is no longer known */
};

/* Why it is no longer known; http1_names.c has a word for each. */
enum http1_opaque {
	HTTP1_NOT_OPAQUE,
	HTTP1_PIPELINED,   /* a request before the response to the one before it */
	HTTP1_UPGRADED,	   /* 101 */
	HTTP1_TUNNEL,	   /* 2xx to CONNECT */
	HTTP1_CLOSING,	   /* the response ends with the connection */
	HTTP1_UNSOLICITED, /* bytes from the server that no request asked for */
	HTTP1_UNFRAMED,	   /* a message was refused */
	HTTP1_OPAQUES,
};

/* One request and its response, on a connection that may carry others after them. */
struct http1_exchange {
	struct http1_head response;
	struct http1_body sent;
	struct http1_body received;
	u8 method; /* enum http1_method of the request */
	u8 phase;  /* enum http1_phase */
	u8 opaque; /* enum http1_opaque */
	u8 reason; /* enum http1_reason when HTTP1_UNFRAMED */
	bool answering;
};

/* A connection on which nothing was sent. */
void http1_exchange_init(struct http1_exchange *exchange);

/* A request whose head is complete was sent on an idle connection; what follows the head is yet to be told. */
void http1_exchange_begin(struct http1_exchange *exchange, const struct http1_head *request);

/* The client sent these bytes behind the head; the server sent these. Both return the phase after them. */
enum http1_phase http1_exchange_sent(struct http1_exchange *exchange, const u8 *data, u32 length);
enum http1_phase http1_exchange_received(struct http1_exchange *exchange, const u8 *data, u32 length);

/* What need not be looked at of that: see http1_body_pass(). */
u32 http1_exchange_pass_sent(struct http1_exchange *exchange, u32 length);
u32 http1_exchange_pass_received(struct http1_exchange *exchange, u32 length);

/* Words for the reasons, by their numbers. */
extern const char *const http1_reason_names[HTTP1_REASONS];
extern const char *const http1_opaque_names[HTTP1_OPAQUES];

#endif
