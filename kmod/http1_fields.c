// SPDX-License-Identifier: GPL-2.0-only
/* The fields of heads (RFC 9112, 5), and those of them that say where a body ends. */
#include "http1_head.h"

/* Fits 64 bits, with all of its digits. */
#define LENGTH_DIGITS_MAX 18

enum known_field {
	OTHER_FIELD,
	HOST_FIELD,
	CONTENT_LENGTH_FIELD,
	TRANSFER_ENCODING_FIELD,
};

static const struct word known_fields[] = {
	WORD("host", HOST_FIELD),
	WORD("content-length", CONTENT_LENGTH_FIELD),
	WORD("transfer-encoding", TRANSFER_ENCODING_FIELD),
};

/*
 * Whether a token is this word, of lower-case letters and hyphens. The bit makes them of upper-case ones; what else it makes
 * them of is in no token.
 */
static bool is_word(const u8 *token, u32 length, const struct word *word)
{
	u32 i;

	if (length != word->length)
		return false;
	for (i = 0; i < length; i++)
		if ((token[i] | 0x20) != word->text[i])
			return false;
	return true;
}

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

static u8 known_field_of(const u8 *name, u32 length)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(known_fields); i++)
		if (is_word(name, length, &known_fields[i]))
			return known_fields[i].id;
	return OTHER_FIELD;
}

/* A field that frames, or names the host, may come once. */
static void begin_value(struct http1_head *head, const u8 *name, u32 length)
{
	static const struct {
		u8 flag;
		u8 reason;
	} once[] = {
		[HOST_FIELD] = {HTTP1_HEAD_HOST, HTTP1_HOST},
		[CONTENT_LENGTH_FIELD] = {HTTP1_HEAD_LENGTH, HTTP1_CONTENT_LENGTH},
		[TRANSFER_ENCODING_FIELD] = {HTTP1_HEAD_CHUNKED, HTTP1_TRANSFER_ENCODING},
	};

	enter(head, BEFORE_VALUE);
	head->known = known_field_of(name, length);
	if (!head->known)
		return;
	if (head->flags & once[head->known].flag)
		refuse(head, once[head->known].reason);
	head->flags |= once[head->known].flag;
}

static u32 read_name(struct http1_head *head, const u8 *data, u32 length)
{
	u32 run = end_of_run(data, length, HTTP1_TOKEN_BYTE);

	add_to_token(head, data, run);
	head->field.name.length += run;
	if (run == length)
		return run;
	if (data[run] == ':')
		begin_value(head, head->token, head->token_length);
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
	static const struct word chunked = WORD("chunked", 0);

	switch (head->known) {
	case HOST_FIELD:
		head->host = head->field.value;
		break;
	case CONTENT_LENGTH_FIELD:
		if (!head->token_length)
			refuse(head, HTTP1_CONTENT_LENGTH);
		break;
	case TRANSFER_ENCODING_FIELD:
		if (!is_word(head->token, head->token_length, &chunked))
			refuse(head, HTTP1_TRANSFER_ENCODING);
		break;
	}
}

/* `at`: where in the head `data` is. White space does not end a value as long as something comes behind it. */
static void add_to_value(struct http1_head *head, u32 at, const u8 *data, u32 length)
{
	struct http1_span *value = &head->field.value;

	while (length && http1_bytes[data[length - 1]] & HTTP1_BLANK_BYTE)
		length--;
	if (!length)
		return;
	if (head->known)
		add_to_known(head, data, length, at != (u32)value->at + value->length);
	value->length = at + length - value->at;
}

static u32 read_value(struct http1_head *head, const u8 *data, u32 length)
{
	u32 run = end_of_value(data, length);

	add_to_value(head, head->length, data, run);
	if (run == length || head->verdict)
		return run;
	if (data[run] == '\r')
		head->state = VALUE_BREAK;
	else
		refuse_byte(head, data[run], HTTP1_VALUE);
	return run + 1;
}

static void end_field(struct http1_head *head)
{
	if (head->known)
		end_known(head);
	if (head->fields)
		head->fields[head->field_count] = head->field;
	head->field_count++;
	enter(head, LINE);
}

static u32 read_value_break(struct http1_head *head, u8 byte)
{
	if (byte != '\n') {
		refuse(head, HTTP1_BARE_BREAK);
		return 0;
	}
	end_field(head);
	return 1;
}

/* A line that is there to its end, and has the shape of a field. 0: it is read by its parts, which know what is wrong. */
static u32 read_whole_field(struct http1_head *head, const u8 *data, u32 length)
{
	u32 name = end_of_run(data, length, HTTP1_TOKEN_BYTE), from = name + 1, end;

	if (!name || name == length || data[name] != ':' || head->field_count == HTTP1_FIELDS_MAX)
		return 0;
	from += end_of_run(data + from, length - from, HTTP1_BLANK_BYTE);
	end = from + end_of_value(data + from, length - from);
	if (!ends_line(data, length, end))
		return 0;
	head->field.name = (struct http1_span){head->length, name};
	head->field.value = (struct http1_span){head->length + from, 0};
	begin_value(head, data, name);
	if (!head->verdict)
		add_to_value(head, head->length + from, data + from, end - from);
	if (!head->verdict)
		end_field(head);
	return end + 2;
}

/* RFC 9112, 3.2 and 6.1: what only the whole head tells. */
static void end_head(struct http1_head *head)
{
	head->verdict = HTTP1_COMPLETE;
	if (head->kind == HTTP1_REQUEST && head->minor && !(head->flags & HTTP1_HEAD_HOST))
		refuse(head, HTTP1_HOST);
	if (head->flags & HTTP1_HEAD_CHUNKED && (head->flags & HTTP1_HEAD_LENGTH || !head->minor))
		refuse(head, HTTP1_TRANSFER_ENCODING);
}

static u32 read_last_break(struct http1_head *head, u8 byte)
{
	if (byte != '\n') {
		refuse(head, HTTP1_BARE_BREAK);
		return 0;
	}
	end_head(head);
	return 1;
}

/* A field, or none behind the last one. */
static u32 read_whole_line(struct http1_head *head, const u8 *data, u32 length)
{
	if (!ends_line(data, length, 0))
		return read_whole_field(head, data, length);
	end_head(head);
	return 2;
}

u32 http1_read_field(struct http1_head *head, const u8 *data, u32 length)
{
	switch (head->state) {
	case LINE:
		return read_whole_line(head, data, length) ?: read_line_begin(head, *data);
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
