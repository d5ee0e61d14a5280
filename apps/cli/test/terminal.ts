// SPDX-License-Identifier: Apache-2.0
import { type Line, paint } from '../src/output/line.js';
import type { Terminal } from '../src/output/terminal.js';

/** A terminal that remembers; `columns` `null`: not a terminal. */
export interface TestTerminal extends Terminal {
  readonly written: string[];
  readonly noted: string[];
}

export function testTerminal(columns: number | null = null): TestTerminal {
  const written: string[] = [];
  const noted: string[] = [];
  return {
    isInteractive: columns !== null,
    colour: false,
    columns,
    rows: 24,
    keys: null,
    written,
    noted,
    write: (text) => void written.push(text),
    print: (lines) => void written.push(lines.map((line) => `${paint(line, false)}\n`).join('')),
    note: (line) => void noted.push(paint(line, false)),
    onResize: () => () => {},
  };
}

/** Lines as they are read. */
export const textOf = (lines: readonly Line[]): string =>
  lines.map((line) => `${paint(line, false)}\n`).join('');
