// SPDX-License-Identifier: Apache-2.0
import { type Row, verdict } from './bench.js';

/** A figure with three significant digits, four where it is close to 1. */
export function figure(value: number): string {
  if (value === 0) return '0';
  if (Math.abs(value) >= 0.5 && Math.abs(value) < 2) return value.toFixed(3);
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return value
    .toPrecision(3)
    .replace(/^(-?\d+\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
}

const HEAD = ['what', 'value', '95 % interval', 'noise', 'budget', 'met'] as const;

/** The cells of one row. */
export function cells(row: Row): string[] {
  const { what, value, unit, interval, noise, budget } = row;
  const unitText = unit === '' ? '' : ` ${unit}`;
  return [
    what,
    `${figure(value)}${unitText}`,
    interval === undefined ? '' : `${figure(interval.low)} – ${figure(interval.high)}`,
    noise === undefined ? '' : `± ${(100 * noise).toFixed(1)} %`,
    budget?.text ?? '',
    verdict(row) ?? '',
  ];
}

/** Rows as a table for a terminal, notes below their rows. */
export function textTable(rows: readonly Row[]): string {
  const lines = [[...HEAD], ...rows.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const format = (line: string[]) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const [head = [], ...body] = lines;
  const told = body.flatMap((line, i) => [format(line), ...noteOf(rows[i])]);
  return [format(head), widths.map((width) => '-'.repeat(width)).join('  '), ...told].join('\n');
}

const noteOf = (row: Row | undefined): string[] => (row?.note === undefined ? [] : [`    ${row.note}`]);

/** Rows as a Markdown table. */
export function markdownTable(rows: readonly Row[]): string {
  const line = (parts: readonly string[]) =>
    `| ${parts.map((part) => part.replaceAll('|', '\\|')).join(' | ')} |`;
  const body = rows.map((row) => line([...cells(row), row.note ?? '']));
  const head = [...HEAD, 'note'];
  return [line(head), line(head.map(() => '---')), ...body].join('\n');
}
