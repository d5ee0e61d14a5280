// SPDX-License-Identifier: Apache-2.0
import { fill, type Line, widthOf } from './line.js';

/** One column of a table of `Row`s. */
export interface Column<Row> {
  readonly header: string;
  readonly align?: 'left' | 'right';
  readonly cell: (row: Row) => Line;
  /** May be clipped when room is short, down to {@link LEAST_WIDTH}. */
  readonly elastic?: boolean;
  /** Left out when room is short, highest first; 0 or absent: always there. */
  readonly minor?: number;
  /** Width that cells usually have, for tables whose rows come one by one. */
  readonly typical?: number;
}

/** Columns that are shown, with their widths. */
export interface Layout<Row> {
  readonly columns: readonly Column<Row>[];
  readonly widths: readonly number[];
}

const GAP = 2;
const LEAST_WIDTH = 10;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const totalOf = (widths: readonly number[]): number => sum(widths) + GAP * Math.max(0, widths.length - 1);

export interface Room {
  /** Columns of the terminal; `null`: no limit. */
  readonly width: number | null;
  /** Least widths of the columns. */
  readonly least?: readonly number[];
}

/** Settles which columns are shown and how wide. */
export function layoutOf<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width, least = [] }: Room,
): Layout<Row> {
  let shown = columns.map((column, index) => ({
    column,
    width: Math.max(
      widthOf([column.header]),
      least[index] ?? 0,
      ...rows.map((row) => widthOf(column.cell(row))),
    ),
  }));
  if (width === null) return { columns, widths: shown.map((one) => one.width) };
  const leastOf = (one: (typeof shown)[number]): number =>
    one.column.elastic === true ? Math.min(one.width, LEAST_WIDTH * 2) : one.width;
  while (totalOf(shown.map(leastOf)) > width) {
    const most = Math.max(0, ...shown.map(({ column }) => column.minor ?? 0));
    if (most === 0) break;
    const last = shown.findLastIndex(({ column }) => column.minor === most);
    shown = shown.filter((_, index) => index !== last);
  }
  const widths = shown.map((one) => one.width);
  for (let excess = totalOf(widths) - width; excess > 0; excess--) {
    const widest = shown.reduce(
      (best, { column }, index) =>
        column.elastic === true && (widths[index] ?? 0) > (widths[best] ?? 0) ? index : best,
      -1,
    );
    const current = widths[widest];
    if (current === undefined || current <= LEAST_WIDTH) break;
    widths[widest] = current - 1;
  }
  return { columns: shown.map(({ column }) => column), widths };
}

/** The line above the rows. */
export const headerLine = <Row>(layout: Layout<Row>): Line =>
  joined(layout, (column) => [{ text: column.header, style: 'dim' }]);

/** One row. */
export const rowLine = <Row>(layout: Layout<Row>, row: Row): Line =>
  joined(layout, (column) => column.cell(row));

/** Header, where any column has one, and rows. `width`: columns of the terminal; `null`: no limit. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number | null,
): Line[] {
  const layout = layoutOf(columns, rows, { width });
  const header = columns.some((column) => column.header !== '') ? [headerLine(layout)] : [];
  return [...header, ...rows.map((row) => rowLine(layout, row))];
}

function joined<Row>({ columns, widths }: Layout<Row>, cellOf: (column: Column<Row>) => Line): Line {
  return columns.flatMap((column, index): Line => {
    const align = column.align ?? 'left';
    const cell = cellOf(column);
    const body = fill(cell, widths[index] ?? 0, align);
    return index === 0 ? body : [' '.repeat(GAP), ...body];
  });
}
