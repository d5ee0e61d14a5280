// SPDX-License-Identifier: Apache-2.0
import { RecordFlag } from '@undermesh/bpf-abi';
import type { Protocol } from '@undermesh/schema';

/** What a record's flags say of its connection's first payload bytes; `null`: none was seen. */
export function protocolOf(flags: number): Protocol | null {
  if ((flags & RecordFlag.HTTP1) !== 0) return 'http1';
  if ((flags & RecordFlag.TLS) !== 0) return 'tls';
  if ((flags & RecordFlag.HTTP2) !== 0) return 'http2';
  return (flags & RecordFlag.OTHER_PROTOCOL) !== 0 ? 'other' : null;
}
