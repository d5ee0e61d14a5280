// SPDX-License-Identifier: Apache-2.0
import type { ReadStream, WriteStream } from 'node:tty';
import { type Line, paint, wrap } from './line.js';

/** Where output goes, and what it can show. */
export interface Terminal {
  /** A person looks at it, rather than a program. */
  readonly isInteractive: boolean;
  readonly colour: boolean;
  /** Columns; `null`: no limit, because nobody looks. */
  readonly columns: number | null;
  readonly rows: number;
  /** Keys; `null` when standard input is not a terminal. */
  readonly keys: ReadStream | null;
  /** Writes to standard output as it is. */
  write(text: string): void;
  /** Writes lines to standard output. */
  print(lines: readonly Line[]): void;
  /** Writes to standard error: what is said about the output. */
  note(line: Line): void;
  /** Calls back when the size changes; returns how to stop that. */
  onResize(callback: () => void): () => void;
}

/** Prose is not set wider than this. */
const PROSE_COLUMNS = 100;

/** The terminal of this process. A reader that goes away (EPIPE) ends the process quietly. */
export function processTerminal(environment: Readonly<Record<string, string | undefined>>): Terminal {
  const { stdin, stdout, stderr } = process;
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
  const mayColour = (stream: WriteStream): boolean =>
    stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb';
  const colour = mayColour(stdout);
  return {
    isInteractive: stdout.isTTY === true,
    colour,
    get columns() {
      return stdout.isTTY === true ? (stdout.columns ?? 80) : null;
    },
    get rows() {
      return stdout.rows ?? 24;
    },
    keys: stdin.isTTY === true ? stdin : null,
    write: (text) => void stdout.write(text),
    print: (lines) => void stdout.write(lines.map((line) => `${paint(line, colour)}\n`).join('')),
    note: (line) => void stderr.write(`${paint(line, mayColour(stderr))}\n`),
    onResize(callback) {
      stdout.on('resize', callback);
      return () => stdout.off('resize', callback);
    },
  };
}

/** Prose as lines that fit the terminal; whole where there is no limit. */
export const prose = (terminal: Terminal, line: Line, indent = ''): Line[] =>
  terminal.columns === null ? [line] : wrap(line, Math.min(terminal.columns, PROSE_COLUMNS), indent);
