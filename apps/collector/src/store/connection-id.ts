// SPDX-License-Identifier: Apache-2.0
import type { ReportedEnd } from './end.js';

/** What an id says: enough to find the end again, whether it is open or over. */
export interface EndIdentity {
  /** First 16 of the stream id's 32 hexadecimal digits. */
  readonly streamPrefix: string;
  readonly socketCookie: bigint;
  /** Boottime of the node, ns. */
  readonly openedNs: bigint;
}

const ID_BYTES = 24;

/**
 * The id of an end, and of the connection that it stands for: URL-safe, opaque, 32 characters. A socket cookie is
 * unique in a boot; the opening time tells apart connections that reuse one socket. Nothing in it changes when the
 * connection ends.
 */
export function encodeEndId({ streamPrefix, socketCookie, openedNs }: EndIdentity): string {
  const bytes = Buffer.alloc(ID_BYTES);
  bytes.write(streamPrefix, 0, 'hex');
  bytes.writeBigUInt64BE(socketCookie, 8);
  bytes.writeBigUInt64BE(openedNs, 16);
  return bytes.toString('base64url');
}

export const endId = ({ streamId, value }: ReportedEnd): string =>
  encodeEndId({
    streamPrefix: streamId.slice(0, 16),
    socketCookie: value.socketCookie,
    openedNs: value.openedNs,
  });

/** Reads an id; `null` when it is none of ours. */
export function parseEndId(id: string): EndIdentity | null {
  if (!/^[A-Za-z0-9_-]{32}$/.test(id)) return null;
  const bytes = Buffer.from(id, 'base64url');
  return {
    streamPrefix: bytes.toString('hex', 0, 8),
    socketCookie: bytes.readBigUInt64BE(8),
    openedNs: bytes.readBigUInt64BE(16),
  };
}

/** Whether an end is the one that an id names. */
export const isEnd = (end: ReportedEnd, identity: EndIdentity): boolean =>
  end.value.socketCookie === identity.socketCookie &&
  end.value.openedNs === identity.openedNs &&
  end.streamId.startsWith(identity.streamPrefix);
