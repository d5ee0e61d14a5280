// SPDX-License-Identifier: Apache-2.0
import { drainOf } from './draining';
import { deciderWords, type EngineItem } from './state';

/** The matrix as a file. */

type Cell = string | number | null;

const COLUMNS: ReadonlyArray<readonly [string, (item: EngineItem) => Cell]> = [
  ['node', ({ node }) => node],
  ['desired', ({ engine }) => engine.desired],
  ['observed', ({ engine }) => engine.observed],
  ['state', ({ engine }) => engine.state],
  ['state_since', ({ engine }) => engine.stateSince],
  ['generation', ({ engine }) => engine.generation],
  ['open_connections', ({ engine }) => engine.connections],
  ['draining_connections', ({ engine }) => drainOf(engine)?.old ?? null],
  ['set_by', ({ engine }) => deciderWords(engine)],
  ['who', ({ engine }) => engine.who],
  ['since', ({ engine }) => engine.since],
  ['reason', ({ engine }) => engine.reason],
  ['change', ({ engine }) => engine.change],
  ['switch_ms', ({ engine }) => engine.switchMs],
  [
    'drift',
    ({ engine }) =>
      engine.drift
        .filter(({ mended }) => !mended)
        .map(({ what }) => what)
        .join('; '),
  ],
];

/** A cell (RFC 4180). Text that a spreadsheet would run as a formula gets an apostrophe, as OWASP advises. */
const cell = (value: Cell): string => {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

const line = (cells: readonly string[]): string => `${cells.join(',')}\r\n`;

/** One line per node, with a header. */
export const enginesCsv = (items: readonly EngineItem[]): string =>
  [
    line(COLUMNS.map(([name]) => name)),
    ...items.map((item) => line(COLUMNS.map(([, value]) => cell(value(item))))),
  ].join('');

/** As the API gives them. */
export const enginesJson = (items: readonly EngineItem[]): string => `${JSON.stringify(items, null, 2)}\n`;
