// SPDX-License-Identifier: GPL-2.0-only
/* The heads of HTTP/1.1. A byte is looked at once. */
#include "http1.h"
#include "http1_bytes.h"

/* The longest word that is told from others: "transfer-encoding". A longer one is none of them. */
#define TOKEN_MAX 17

#define METHOD_MAX 24

/* Fits 64 bits, with all of its digits. */
#define LENGTH_DIGITS_MAX 18

enum state {
	METHOD,
	TARGET, /* its first byte */
	AUTHORITY,
	PATH,
	QUERY,
	REQUEST_VERSION,
	RESPONSE_VERSION,
	STATUS,
	AFTER_STATUS,
	PHRASE,
	FIRST_LINE_BREAK, /* CR was due, or read */
	LINE_BREAK,	  /* LF is due */
	LINE,		  /* the first byte of one */
	NAME,
	BEFORE_VALUE,
	VALUE,
	VALUE_BREAK,
	LAST_BREAK,
};

enum known_field {
	OTHER_FIELD,
	HOST_FIELD,
	CONTENT_LENGTH_FIELD,
	TRANSFER_ENCODING_FIELD,
};

struct word {
	const char *text;
	u8 length;
	u8 id;
};

#define WORD(text, id)                     \
	{                                  \
		text, sizeof(text) - 1, id \
	}

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

static const struct word known_fields[] = {
	WORD("host", HOST_FIELD),
	WORD("content-length", CONTENT_LENGTH_FIELD),
	WORD("transfer-encoding", TRANSFER_ENCODING_FIELD),
};

static void refuse(struct http1_head *head, enum http1_reason reason)
{
	head->verdict = reason <= HTTP1_RAW ? HTTP1_FOREIGN : HTTP1_REFUSED;
	head->reason = reason;
}

/* What a byte that should have been something else is refused for; a line break has a reason of its own. */
static void refuse_byte(struct http1_head *head, u8 byte, enum http1_reason reason)
{
	refuse(head, byte == '\n' || byte == '\r' ? HTTP1_BARE_BREAK : reason);
}

static u32 end_of_run(const u8 *data, u32 length, u8 kind)
{
	u32 at = 0;

	while (at < length && http1_bytes[data[at]] & kind)
		at++;
	return at;
}

static u8 lower(u8 byte)
{
	return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

/* Keeps the front of a word, and that it was too long when it was. */
static void add_to_token(struct http1_head *head, const u8 *data, u32 length)
{
	u32 fits = min(length, (u32)(TOKEN_MAX + 1 - head->token_length));

	memcpy(head->token + head->token_length, data, fits);
	head->token_length += fits;
}

static bool token_is(const struct http1_head *head, const char *text, u32 length)
{
	return head->token_length == length && !memcmp(head->token, text, length);
}

static bool lower_token_is(const struct http1_head *head, const char *text, u32 length)
{
	u32 i;

	if (head->token_length != length)
		return false;
	for (i = 0; i < length; i++)
		if (lower(head->token[i]) != (u8)text[i])
			return false;
	return true;
}

static void enter(struct http1_head *head, enum state state)
{
	head->state = state;
	head->token_length = 0;
}

/* --- first lines --- */

static const struct word *method_of(const struct http1_head *head)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(methods); i++)
		if (token_is(head, methods[i].text, methods[i].length))
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
	method = method_of(head);
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
	u32 run = end_of_run(data, length, HTTP1_VALUE_BYTE);

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

/* --- fields --- */

static u32 read_line_begin(struct http1_head *head, u8 byte)
{
	if (byte == '\r') {
		head->state = LAST_BREAK;
		return 1;
	}
	if (http1_bytes[byte] & HTTP1_BLANK_BYTE) {
		refuse(head, HTTP1_FOLDED);
		return 0;
	}
	if (!(http1_bytes[byte] & HTTP1_TOKEN_BYTE)) {
		refuse_byte(head, byte, HTTP1_NAME);
		return 0;
	}
	if (head->field_count == HTTP1_FIELDS_MAX) {
		refuse(head, HTTP1_TOO_MANY_FIELDS);
		return 0;
	}
	enter(head, NAME);
	head->field.name.at = head->length;
	head->field.name.length = 0;
	return 0;
}

static u8 known_field_of(const struct http1_head *head)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(known_fields); i++)
		if (lower_token_is(head, known_fields[i].text, known_fields[i].length))
			return known_fields[i].id;
	return OTHER_FIELD;
}

/* A field that frames, or names the host, may come once. */
static void begin_value(struct http1_head *head)
{
	static const struct {
		u8 flag;
		u8 reason;
	} once[] = {
		[HOST_FIELD] = {HTTP1_HEAD_HOST, HTTP1_HOST},
		[CONTENT_LENGTH_FIELD] = {HTTP1_HEAD_LENGTH, HTTP1_CONTENT_LENGTH},
		[TRANSFER_ENCODING_FIELD] = {HTTP1_HEAD_CHUNKED, HTTP1_TRANSFER_ENCODING},
	};

	head->known = known_field_of(head);
	if (head->flags & once[head->known].flag)
		refuse(head, once[head->known].reason);
	head->flags |= once[head->known].flag;
	enter(head, BEFORE_VALUE);
}

static u32 read_name(struct http1_head *head, const u8 *data, u32 length)
{
	u32 run = end_of_run(data, length, HTTP1_TOKEN_BYTE);

	add_to_token(head, data, run);
	head->field.name.length += run;
	if (run == length)
		return run;
	if (data[run] == ':')
		begin_value(head);
	else
		refuse_byte(head, data[run], HTTP1_NAME);
	return run + 1;
}

static u32 read_before_value(struct http1_head *head, const u8 *data, u32 length)
{
	u32 run = end_of_run(data, length, HTTP1_BLANK_BYTE);

	if (run == length)
		return run;
	head->field.value.at = head->length + run;
	head->field.value.length = 0;
	head->state = VALUE;
	return run;
}

/* RFC 9112, 6.2: digits and nothing else, `data` without the white space behind them. */
static void add_to_content_length(struct http1_head *head, const u8 *data, u32 length)
{
	u32 i;

	for (i = 0; i < length; i++) {
		u8 digit = data[i] - '0';

		if (digit > 9 || head->token_length == LENGTH_DIGITS_MAX) {
			refuse(head, HTTP1_CONTENT_LENGTH);
			return;
		}
		head->content_length = head->content_length * 10 + digit;
		head->token_length++;
	}
}

/* Of a value with a meaning: `data` goes on where the value ended so far, with `blanks` in between. */
static void add_to_known(struct http1_head *head, const u8 *data, u32 length, bool blanks)
{
	switch (head->known) {
	case HOST_FIELD:
		if (blanks || end_of_run(data, length, HTTP1_HOST_BYTE) < length)
			refuse(head, HTTP1_HOST);
		break;
	case CONTENT_LENGTH_FIELD:
		if (blanks)
			refuse(head, HTTP1_CONTENT_LENGTH);
		else
			add_to_content_length(head, data, length);
		break;
	case TRANSFER_ENCODING_FIELD:
		if (blanks || end_of_run(data, length, HTTP1_TOKEN_BYTE) < length)
			refuse(head, HTTP1_TRANSFER_ENCODING);
		else
			add_to_token(head, data, length);
		break;
	}
}

static void end_known(struct http1_head *head)
{
	switch (head->known) {
	case HOST_FIELD:
		head->host = head->field.value;
		break;
	case CONTENT_LENGTH_FIELD:
		if (!head->token_length)
			refuse(head, HTTP1_CONTENT_LENGTH);
		break;
	case TRANSFER_ENCODING_FIELD:
		if (!lower_token_is(head, "chunked", 7))
			refuse(head, HTTP1_TRANSFER_ENCODING);
		break;
	}
}

static u32 read_value(struct http1_head *head, const u8 *data, u32 length)
{
	u32 run = end_of_run(data, length, HTTP1_VALUE_BYTE), end = run;

	while (end && http1_bytes[data[end - 1]] & HTTP1_BLANK_BYTE)
		end--;
	if (end) {
		u16 from = head->field.value.at + head->field.value.length;

		if (head->known)
			add_to_known(head, data, end, from != head->length);
		head->field.value.length = head->length + end - head->field.value.at;
	}
	if (run == length || head->verdict)
		return run;
	if (data[run] == '\r')
		head->state = VALUE_BREAK;
	else
		refuse_byte(head, data[run], HTTP1_VALUE);
	return run + 1;
}

static u32 read_value_break(struct http1_head *head, u8 byte)
{
	if (byte != '\n') {
		refuse(head, HTTP1_BARE_BREAK);
		return 0;
	}
	end_known(head);
	if (head->fields)
		head->fields[head->field_count] = head->field;
	head->field_count++;
	enter(head, LINE);
	return 1;
}

/* RFC 9112, 3.2 and 6.1: what only the whole head tells. */
static u32 read_last_break(struct http1_head *head, u8 byte)
{
	if (byte != '\n') {
		refuse(head, HTTP1_BARE_BREAK);
		return 0;
	}
	head->verdict = HTTP1_COMPLETE;
	if (head->kind == HTTP1_REQUEST && head->minor && !(head->flags & HTTP1_HEAD_HOST))
		refuse(head, HTTP1_HOST);
	if (head->flags & HTTP1_HEAD_CHUNKED && (head->flags & HTTP1_HEAD_LENGTH || !head->minor))
		refuse(head, HTTP1_TRANSFER_ENCODING);
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

/* Reads at least a byte, or changes the state, or comes to a verdict. */
static u32 step(struct http1_head *head, const u8 *data, u32 length)
{
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
	case LINE_BREAK:
		return read_line_break(head, *data);
	case LINE:
		return read_line_begin(head, *data);
	case NAME:
		return read_name(head, data, length);
	case BEFORE_VALUE:
		return read_before_value(head, data, length);
	case VALUE:
		return read_value(head, data, length);
	case VALUE_BREAK:
		return read_value_break(head, *data);
	default:
		return read_last_break(head, *data);
	}
}

void http1_head_begin(struct http1_head *head, enum http1_kind kind, struct http1_field *fields)
{
	memset(head, 0, sizeof(*head));
	head->kind = kind;
	head->fields = fields;
	head->state = kind == HTTP1_REQUEST ? METHOD : RESPONSE_VERSION;
}

u32 http1_head_read(struct http1_head *head, const u8 *data, u32 length)
{
	u32 bounded = min(length, (u32)(HTTP1_HEAD_MAX - head->length)), at = 0;

	while (at < bounded && head->verdict == HTTP1_MORE) {
		u32 taken = step(head, data + at, bounded - at);

		at += taken;
		head->length += taken;
	}
	if (head->length == HTTP1_HEAD_MAX && head->verdict == HTTP1_MORE)
		refuse(head, HTTP1_TOO_LARGE);
	return at;
}
