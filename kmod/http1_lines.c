// SPDX-License-Identifier: GPL-2.0-only
/* The first lines of heads: of requests (RFC 9112, 3) and of responses (RFC 9112, 4). */
#include "http1_head.h"

#define METHOD_MAX 24

/* Those of the registry that servers know. Of another method nobody can tell whether it is one. */
static const struct word methods[] = {
	WORD("GET", HTTP1_METHOD_OTHER),	WORD("POST", HTTP1_METHOD_OTHER),
	WORD("PUT", HTTP1_METHOD_OTHER),	WORD("DELETE", HTTP1_METHOD_OTHER),
	WORD("HEAD", HTTP1_METHOD_HEAD),	WORD("PATCH", HTTP1_METHOD_OTHER),
	WORD("OPTIONS", HTTP1_METHOD_OPTIONS),	WORD("CONNECT", HTTP1_METHOD_CONNECT),
	WORD("TRACE", HTTP1_METHOD_OTHER),	WORD("PRI", HTTP1_METHOD_PRI),
	WORD("PROPFIND", HTTP1_METHOD_OTHER),	WORD("PROPPATCH", HTTP1_METHOD_OTHER),
	WORD("MKCOL", HTTP1_METHOD_OTHER),	WORD("COPY", HTTP1_METHOD_OTHER),
	WORD("MOVE", HTTP1_METHOD_OTHER),	WORD("LOCK", HTTP1_METHOD_OTHER),
	WORD("UNLOCK", HTTP1_METHOD_OTHER),	WORD("SEARCH", HTTP1_METHOD_OTHER),
	WORD("BIND", HTTP1_METHOD_OTHER),	WORD("REBIND", HTTP1_METHOD_OTHER),
	WORD("UNBIND", HTTP1_METHOD_OTHER),	WORD("ACL", HTTP1_METHOD_OTHER),
	WORD("REPORT", HTTP1_METHOD_OTHER),	WORD("MKACTIVITY", HTTP1_METHOD_OTHER),
	WORD("CHECKOUT", HTTP1_METHOD_OTHER),	WORD("MERGE", HTTP1_METHOD_OTHER),
	WORD("MKCALENDAR", HTTP1_METHOD_OTHER), WORD("LINK", HTTP1_METHOD_OTHER),
	WORD("UNLINK", HTTP1_METHOD_OTHER),	WORD("PURGE", HTTP1_METHOD_OTHER),
};

static const struct word *method_of(const u8 *name, u32 length)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(methods); i++)
		if (methods[i].length == length && !memcmp(methods[i].text, name, length))
			return &methods[i];
	return NULL;
}

static u32 read_method(struct http1_head *head, const u8 *data, u32 length)
{
	u32 run = end_of_run(data, length, HTTP1_TOKEN_BYTE);
	const struct word *method;

	add_to_token(head, data, run);
	head->method.length += run;
	if (head->method.length > METHOD_MAX) {
		refuse(head, HTTP1_RAW);
		return run;
	}
	if (run == length)
		return run;
	method = method_of(head->token, head->token_length);
	if (data[run] == ' ' && method) {
		head->method_id = method->id;
		enter(head, TARGET);
		return run + 1;
	}
	refuse(head, !head->method.length && data[run] == 0x16 ? HTTP1_TLS : HTTP1_RAW);
	return run;
}

/* RFC 9112, 3.2. The absolute form names its host twice: who is to decide which one counts? */
static u32 read_target_begin(struct http1_head *head, u8 byte)
{
	head->target.at = head->length;
	head->path.at = head->length;
	if (head->method_id == HTTP1_METHOD_CONNECT) {
		if (http1_bytes[byte] & HTTP1_HOST_BYTE)
			head->state = AUTHORITY;
		else
			refuse_byte(head, byte, HTTP1_TARGET);
		return 0;
	}
	if (byte == '/' && head->method_id != HTTP1_METHOD_PRI) {
		head->state = PATH;
		return 0;
	}
	if (byte != '*' || (head->method_id != HTTP1_METHOD_OPTIONS && head->method_id != HTTP1_METHOD_PRI)) {
		refuse_byte(head, byte, HTTP1_TARGET);
		return 0;
	}
	head->target.length = 1;
	head->path.length = 1;
	head->state = QUERY; /* nothing but the version may follow: see read_query() */
	return 1;
}

static u32 end_target(struct http1_head *head, u8 byte, u32 run)
{
	if (byte != ' ') {
		/* "GET /" is a request of HTTP/0.9. */
		refuse(head, byte == '\r' || byte == '\n' ? HTTP1_VERSION : HTTP1_TARGET);
		return run;
	}
	enter(head, REQUEST_VERSION);
	return run + 1;
}

static u32 read_authority(struct http1_head *head, const u8 *data, u32 length)
{
	u32 run = end_of_run(data, length, HTTP1_HOST_BYTE);

	head->target.length += run;
	return run < length ? end_target(head, data[run], run) : run;
}

static u32 read_path(struct http1_head *head, const u8 *data, u32 length)
{
	u32 run = end_of_run(data, length, HTTP1_PATH_BYTE);

	head->target.length += run;
	head->path.length += run;
	if (run == length)
		return run;
	if (data[run] != '?')
		return end_target(head, data[run], run);
	head->target.length++;
	head->query.at = head->length + run + 1;
	head->state = QUERY;
	return run + 1;
}

static u32 read_query(struct http1_head *head, const u8 *data, u32 length)
{
	u32 run = head->query.at ? end_of_run(data, length, HTTP1_QUERY_BYTE) : 0;

	head->target.length += run;
	head->query.length += run;
	return run < length ? end_target(head, data[run], run) : run;
}

/* "HTTP/1.0" or "HTTP/1.1", byte by byte, so that the first wrong one ends it. */
static bool read_version_byte(struct http1_head *head, u8 byte)
{
	static const char version[] = "HTTP/1.";
	u8 at = head->token_length;

	head->token[head->token_length++] = byte;
	if (at < sizeof(version) - 1)
		return byte == (u8)version[at];
	head->minor = byte - '0';
	return head->minor <= 1;
}

static u32 read_request_version(struct http1_head *head, u8 byte)
{
	bool right = read_version_byte(head, byte);

	if (head->method_id == HTTP1_METHOD_PRI && head->token_length == 6)
		refuse(head, byte == '2' ? HTTP1_HTTP2 : HTTP1_VERSION);
	else if (!right)
		refuse_byte(head, byte, HTTP1_VERSION);
	else if (head->token_length == 8)
		head->state = FIRST_LINE_BREAK;
	return 1;
}

static u32 read_response_version(struct http1_head *head, u8 byte)
{
	if (head->token_length == 8) {
		if (byte == ' ')
			enter(head, STATUS);
		else
			refuse_byte(head, byte, HTTP1_STATUS);
	} else if (!read_version_byte(head, byte)) {
		refuse(head, head->token_length > 5 ? HTTP1_VERSION : HTTP1_RAW);
	}
	return 1;
}

static u32 read_status(struct http1_head *head, u8 byte)
{
	u8 digit = byte - '0';

	if (digit > 9 || (!head->token_length && !digit)) {
		refuse_byte(head, byte, HTTP1_STATUS);
		return 0;
	}
	head->status = head->status * 10 + digit;
	if (++head->token_length == 3)
		head->state = AFTER_STATUS;
	return 1;
}

static u32 read_after_status(struct http1_head *head, u8 byte)
{
	if (byte == ' ') {
		head->state = PHRASE;
		return 1;
	}
	if (byte == '\r')
		head->state = FIRST_LINE_BREAK;
	else
		refuse_byte(head, byte, HTTP1_STATUS);
	return 0;
}

static u32 read_phrase(struct http1_head *head, const u8 *data, u32 length)
{
	u32 run = end_of_value(data, length);

	if (run == length)
		return run;
	if (data[run] == '\r')
		head->state = FIRST_LINE_BREAK;
	else
		refuse_byte(head, data[run], HTTP1_VALUE);
	return run;
}

static u32 read_first_line_break(struct http1_head *head, u8 byte)
{
	if (byte == '\r')
		head->state = LINE_BREAK;
	else
		refuse_byte(head, byte, HTTP1_VERSION);
	return 1;
}

static u32 read_line_break(struct http1_head *head, u8 byte)
{
	if (byte == '\n')
		head->state = LINE;
	else
		refuse(head, HTTP1_BARE_BREAK);
	return 1;
}

/* --- lines that are there to their end --- */

#define VERSION_BYTES 8

static bool is_version(const u8 *data)
{
	return !memcmp(data, "HTTP/1.", VERSION_BYTES - 1) && (data[7] == '0' || data[7] == '1');
}

/* With a path, and without fault. 0: it is read by its parts, which know what is wrong; likewise those below. */
static u32 read_whole_request_line(struct http1_head *head, const u8 *data, u32 length)
{
	u32 name = end_of_run(data, length, HTTP1_TOKEN_BYTE), path = name + 1, query, end;
	const struct word *method = method_of(data, name);

	if (!method || method->id == HTTP1_METHOD_CONNECT || method->id == HTTP1_METHOD_PRI)
		return 0;
	if (length - name < 2 || data[name] != ' ' || data[path] != '/')
		return 0;
	end = query = path + end_of_run(data + path, length - path, HTTP1_PATH_BYTE);
	if (query < length && data[query] == '?')
		end += 1 + end_of_run(data + query + 1, length - query - 1, HTTP1_QUERY_BYTE);
	if (length - end < 1 + VERSION_BYTES || data[end] != ' ' || !is_version(data + end + 1) ||
	    !ends_line(data, length, end + 1 + VERSION_BYTES))
		return 0;
	head->method_id = method->id;
	head->method.length = name;
	head->target = (struct http1_span){path, end - path};
	head->path = (struct http1_span){path, query - path};
	if (query < end)
		head->query = (struct http1_span){query + 1, end - query - 1};
	head->minor = data[end + VERSION_BYTES] - '0';
	head->state = LINE;
	return end + 1 + VERSION_BYTES + 2;
}

static bool is_status(const u8 *data)
{
	return data[0] >= '1' && data[0] <= '9' && data[1] >= '0' && data[1] <= '9' && data[2] >= '0' &&
	       data[2] <= '9';
}

/* "HTTP/1.1 200 OK" */
static u32 read_whole_status_line(struct http1_head *head, const u8 *data, u32 length)
{
	const u8 *status = data + VERSION_BYTES + 1;
	u32 end = VERSION_BYTES + 5;

	if (length < end || !is_version(data) || status[-1] != ' ' || !is_status(status) || status[3] != ' ')
		return 0;
	end += end_of_value(data + end, length - end);
	if (!ends_line(data, length, end))
		return 0;
	head->minor = data[VERSION_BYTES - 1] - '0';
	head->status = 100 * (status[0] - '0') + 10 * (status[1] - '0') + status[2] - '0';
	head->state = LINE;
	return end + 2;
}

static u32 read_whole_line(struct http1_head *head, const u8 *data, u32 length)
{
	return head->kind == HTTP1_REQUEST ? read_whole_request_line(head, data, length)
					   : read_whole_status_line(head, data, length);
}

u32 http1_read_line(struct http1_head *head, const u8 *data, u32 length)
{
	u32 taken = head->length ? 0 : read_whole_line(head, data, length);

	if (taken)
		return taken;
	switch (head->state) {
	case METHOD:
		return read_method(head, data, length);
	case TARGET:
		return read_target_begin(head, *data);
	case AUTHORITY:
		return read_authority(head, data, length);
	case PATH:
		return read_path(head, data, length);
	case QUERY:
		return read_query(head, data, length);
	case REQUEST_VERSION:
		return read_request_version(head, *data);
	case RESPONSE_VERSION:
		return read_response_version(head, *data);
	case STATUS:
		return read_status(head, *data);
	case AFTER_STATUS:
		return read_after_status(head, *data);
	case PHRASE:
		return read_phrase(head, data, length);
	case FIRST_LINE_BREAK:
		return read_first_line_break(head, *data);
	default:
		return read_line_break(head, *data);
	}
}
