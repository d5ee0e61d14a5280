// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { paint } from '../../src/output/line.js';
import { type Column, layoutOf, table } from '../../src/output/table.js';

interface Row {
  readonly name: string;
  readonly count: number;
  readonly remark: string;
}
const COLUMNS: readonly Column<Row>[] = [
  { header: 'Name', elastic: true, cell: ({ name }) => [name] },
  { header: 'Count', align: 'right', cell: ({ count }) => [String(count)] },
  { header: 'Remark', minor: 1, cell: ({ remark }) => [remark] },
];
const ROWS: readonly Row[] = [
  { name: 'a name of some length indeed', count: 7, remark: 'fine' },
  { name: 'short', count: 12_345, remark: '' },
];
const text = (width: number | null) => table(COLUMNS, ROWS, width).map((line) => paint(line, false));

describe('a table', () => {
  it('is aligned, without spaces at the end of lines', () => {
    expect(text(null)).toEqual([
      'Name                          Count  Remark',
      'a name of some length indeed      7  fine',
      'short                         12345',
    ]);
  });

  it('shortens what is elastic before a line is too long', () => {
    expect(text(36)).toEqual([
      'Name                   Count  Remark',
      'a name of some lengt…      7  fine',
      'short                  12345',
    ]);
  });

  it('leaves out what is minor when that is not enough', () => {
    expect(text(28)).toEqual([
      'Name                   Count',
      'a name of some lengt…      7',
      'short                  12345',
    ]);
  });

  it('never shortens a figure', () => {
    expect(text(5).at(-1)).toBe('short       12345');
  });

  it('has no header where no column has one', () => {
    const bare = COLUMNS.map((column) => ({ ...column, header: '' }));
    expect(table(bare, ROWS, null)).toHaveLength(2);
  });

  it('keeps the widths that it is given', () => {
    expect(layoutOf(COLUMNS, ROWS, { width: null, least: [40, 0, 10] }).widths).toEqual([40, 5, 10]);
  });
});
