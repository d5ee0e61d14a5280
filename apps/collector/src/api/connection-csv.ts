// SPDX-License-Identifier: Apache-2.0
import type { Connection } from '@undermesh/schema';

type Cell = string | number | null;

/** Columns of the export, in order. */
const COLUMNS: ReadonlyArray<readonly [string, (connection: Connection) => Cell]> = [
  ['id', ({ id }) => id],
  ['state', ({ state }) => state],
  ['reason', ({ reason }) => reason],
  ['opened_at', ({ openedAt }) => openedAt],
  ['ended_at', ({ endedAt }) => endedAt],
  ['lifetime_us', ({ lifetimeUs }) => lifetimeUs],
  ['connect_us', ({ connectUs }) => connectUs],
  ['round_trip_us', ({ roundTripUs }) => roundTripUs],
  ...side('source'),
  ...side('destination'),
  ['asked_for_address', ({ askedFor }) => askedFor?.address ?? null],
  ['asked_for_port', ({ askedFor }) => askedFor?.port ?? null],
  ['service_namespace', ({ service }) => service?.namespace ?? null],
  ['service', ({ service }) => service?.name ?? null],
  ['sent_bytes', ({ sentBytes }) => sentBytes],
  ['received_bytes', ({ receivedBytes }) => receivedBytes],
  ['retransmitted_segments', ({ retransmittedSegments }) => retransmittedSegments],
  ['engine', ({ engine }) => engine],
  ['seen_by', ({ seenBy }) => seenBy],
];

function side(
  name: 'source' | 'destination',
): ReadonlyArray<readonly [string, (connection: Connection) => Cell]> {
  return [
    [`${name}_namespace`, (connection) => connection[name].namespace],
    [`${name}_workload`, (connection) => connection[name].workload],
    [`${name}_version`, (connection) => connection[name].version],
    [`${name}_node`, (connection) => connection[name].node],
    [`${name}_address`, (connection) => connection[name].address],
    [`${name}_port`, (connection) => connection[name].port],
    [`${name}_process`, (connection) => connection[name].process],
    [`${name}_pid`, (connection) => connection[name].pid],
  ];
}

/** First line of the export (RFC 4180). */
export const CSV_HEADER = `${COLUMNS.map(([name]) => name).join(',')}\r\n`;

/** One line. Names come from machines that may be hostile: what a spreadsheet would run as a formula is defused. */
export const csvLine = (connection: Connection): string =>
  `${COLUMNS.map(([, value]) => csvCell(value(connection))).join(',')}\r\n`;

/** A cell; `null` is empty. Text that begins like a formula gets an apostrophe, as OWASP advises. */
export function csvCell(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
