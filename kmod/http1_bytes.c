// SPDX-License-Identifier: GPL-2.0-only
#include "http1_bytes.h"

#define VISIBLE	 (HTTP1_VALUE_BYTE | HTTP1_PATH_BYTE | HTTP1_QUERY_BYTE)
#define ALNUM	 (VISIBLE | HTTP1_TOKEN_BYTE | HTTP1_HOST_BYTE)
#define IN_TOKEN (VISIBLE | HTTP1_TOKEN_BYTE)
#define IN_HOST	 (VISIBLE | HTTP1_HOST_BYTE)
#define BLANK	 (HTTP1_VALUE_BYTE | HTTP1_BLANK_BYTE)

const u8 http1_bytes[256] = {
	['\t'] = BLANK,
	[' '] = BLANK,
	['!'] = ALNUM,
	['"'] = VISIBLE,
	['#'] = HTTP1_VALUE_BYTE | HTTP1_TOKEN_BYTE,
	['$'] = ALNUM,
	['%'] = ALNUM,
	['&'] = ALNUM,
	['\''] = ALNUM,
	['('] = IN_HOST,
	[')'] = IN_HOST,
	['*'] = ALNUM,
	['+'] = ALNUM,
	[','] = IN_HOST,
	['-'] = ALNUM,
	['.'] = ALNUM,
	['/'] = VISIBLE,
	['0' ... '9'] = ALNUM,
	[':'] = IN_HOST,
	[';'] = IN_HOST,
	['<'] = VISIBLE,
	['='] = IN_HOST,
	['>'] = VISIBLE,
	['?'] = HTTP1_VALUE_BYTE | HTTP1_QUERY_BYTE,
	['@'] = VISIBLE,
	['A' ... 'Z'] = ALNUM,
	['['] = IN_HOST,
	['\\'] = VISIBLE,
	[']'] = IN_HOST,
	['^'] = IN_TOKEN,
	['_'] = ALNUM,
	['`'] = IN_TOKEN,
	['a' ... 'z'] = ALNUM,
	['{'] = VISIBLE,
	['|'] = IN_TOKEN,
	['}'] = VISIBLE,
	['~'] = ALNUM,
	[0x80 ... 0xff] = HTTP1_VALUE_BYTE,
};
