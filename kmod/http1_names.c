// SPDX-License-Identifier: GPL-2.0-only
/* What the reasons are called in counters. */
#include "http1.h"

const char *const http1_reason_names[HTTP1_REASONS] = {
	[HTTP1_NO_REASON] = "none",
	[HTTP1_TLS] = "tls",
	[HTTP1_HTTP2] = "http2",
	[HTTP1_RAW] = "raw",
	[HTTP1_VERSION] = "version",
	[HTTP1_TARGET] = "target",
	[HTTP1_STATUS] = "status",
	[HTTP1_BARE_BREAK] = "bare_break",
	[HTTP1_FOLDED] = "folded",
	[HTTP1_NAME] = "name",
	[HTTP1_VALUE] = "value",
	[HTTP1_HOST] = "host",
	[HTTP1_CONTENT_LENGTH] = "content_length",
	[HTTP1_TRANSFER_ENCODING] = "transfer_encoding",
	[HTTP1_CHUNK] = "chunk",
	[HTTP1_TOO_LARGE] = "too_large",
	[HTTP1_TOO_MANY_FIELDS] = "too_many_fields",
};

const char *const http1_opaque_names[HTTP1_OPAQUES] = {
	[HTTP1_NOT_OPAQUE] = "none",   [HTTP1_PIPELINED] = "pipelined", [HTTP1_UPGRADED] = "upgraded",
	[HTTP1_TUNNEL] = "tunnel",     [HTTP1_CLOSING] = "closing",	[HTTP1_UNSOLICITED] = "unsolicited",
	[HTTP1_UNFRAMED] = "unframed",
};
