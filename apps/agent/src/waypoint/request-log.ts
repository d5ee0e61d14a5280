// SPDX-License-Identifier: Apache-2.0
import { addressBytes } from '../mesh/address-bytes.js';

/** First word of a line that tells of a request, and version of its layout. */
const MARK = 'UL1';

/**
 * What HAProxy writes of each request (its manual, section 8.2.4): worker, number of the line in that worker, number of the
 * request on its client's connection, when it began, its answer, how its session ended, tries, the server's name, and the
 * peers of both connections.
 */
export const LOG_FORMAT = [
  MARK,
  '%pid',
  '%[sc0_inc_gpc0]',
  '%[var(sess.request)]',
  '%Ts',
  '%ms',
  '%ST',
  '%HM',
  '%tsc',
  '%rc',
  '%s',
  '%ci %cp',
  '%bi %bp',
  '%si %sp',
].join(' ');

/** Lines of the frontend that number its lines and requests; the first runs before any other rule. */
export const NUMBERING = {
  session: [
    'tcp-request session track-sc0 int(1) table request_lines',
    'tcp-request session set-var(sess.request) int(0)',
  ],
  request: ['http-request set-var(sess.request) var(sess.request),add(1)'],
  /** The table that the numbers of lines come from. */
  table: ['stick-table type integer size 1 store gpc0'],
} as const;

/** Longest line that is read; ours have less than half of it. */
export const MOST_LINE_BYTES = 512;

/** One side of a connection. */
export interface Place {
  /** 16 bytes; IPv4 in the first four, as in records. */
  readonly address: Uint8Array;
  readonly port: number;
}

/** A request as the waypoint tells of it. */
export interface RequestLine {
  readonly worker: number;
  /** Rises by one with each line of the worker, from 1. */
  readonly number: number;
  /** Of the request on its client's connection, from 1; 0: no request was understood. */
  readonly request: number;
  /** When it began, Unix ms. */
  readonly beganMs: number;
  /** Of the answer that the client got; 0: none. */
  readonly status: number;
  readonly method: string;
  /** Tries beyond the first. */
  readonly retries: number;
  readonly client: Place;
  /** Its connection to the server, from this side; `null`: the waypoint answered by itself, or nobody did. */
  readonly onward: { readonly local: Place; readonly peer: Place } | null;
}

const LINE = new RegExp(
  `^${MARK} (\\d{1,10}) (\\d{1,15}) (\\d{1,15}|-) (\\d{1,11}) (\\d{1,3}) (-?\\d{1,3}) (\\S+) (\\S{1,6}) (\\+?\\d{1,6}) (\\S{1,64}) ${'(\\S{1,46}) (\\d{1,5}|-) '.repeat(3).trim()}$`,
);
/** Second letter of how a session ended: it got no further than to the server's queue or the connection to it. */
const UNSENT = /^.[RQCT]/;

/** Whether a line claims to tell of a request; HAProxy writes others when it stops. */
export const isRequestLine = (text: string): boolean => text.startsWith(`${MARK} `);

/** Reads a line of {@link LOG_FORMAT}; `null` when it is none. */
export function parseRequestLine(text: string): RequestLine | null {
  const fields = LINE.exec(text);
  if (fields === null) return null;
  const [, worker, number, request, seconds, ms, status, method = '', state = '', retries, server] = fields;
  const client = placeOf(fields[11], fields[12]);
  if (client === null) return null;
  const onwardFrom = placeOf(fields[13], fields[14]);
  const onwardTo = placeOf(fields[15], fields[16]);
  const sent = server !== '<NOSRV>' && !UNSENT.test(state);
  if (sent && (onwardFrom === null || onwardTo === null)) return null;
  return {
    worker: Number(worker),
    number: Number(number),
    request: request === '-' ? 0 : Number(request),
    beganMs: Number(seconds) * 1000 + Number(ms),
    status: statusOf(Number(status)),
    method,
    retries: Number(retries),
    client,
    onward: sent && onwardFrom !== null && onwardTo !== null ? { local: onwardFrom, peer: onwardTo } : null,
  };
}

/** HAProxy says -1, or 0, of a request that ended unanswered. */
const statusOf = (status: number): number => (status >= 100 && status <= 599 ? status : 0);

const IPV4 = /^(?:\d{1,3}\.){3}\d{1,3}$/;
const IPV6 = /^[0-9a-f:]{2,39}(?:(?:\d{1,3}\.){3}\d{1,3})?$/;
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];

function placeOf(text = '', number = ''): Place | null {
  const port = Number(number);
  if (!(port > 0 && port <= 65_535)) return null;
  if (!IPV4.test(text) && !(IPV6.test(text) && text.includes(':'))) return null;
  const bytes = bytesOf(text);
  return bytes === null ? null : { address: bytes, port };
}

/** An IPv4 address within IPv6 is IPv4, as in records. */
function bytesOf(text: string): Uint8Array | null {
  try {
    const bytes = addressBytes(text);
    if (!text.includes(':') || !MAPPED.every((byte, at) => bytes[at] === byte)) return bytes;
    const plain = new Uint8Array(16);
    plain.set(bytes.subarray(12));
    return plain;
  } catch (error) {
    // More groups than an address has.
    if (error instanceof RangeError) return null;
    throw error;
  }
}
