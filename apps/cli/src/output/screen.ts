// SPDX-License-Identifier: Apache-2.0
import { clip, type Line, paint } from './line.js';
import type { Terminal } from './terminal.js';

const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

/** The whole terminal, on its alternate screen: what was there before comes back when this is closed. */
export class Screen {
  readonly #terminal: Terminal;
  readonly #restore = (): void => this.#terminal.write(LEAVE);

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    process.on('exit', this.#restore);
    terminal.write(ENTER);
  }

  /** Shows lines from the top, cut to the size of the terminal. */
  draw(lines: readonly Line[]): void {
    const { rows, colour } = this.#terminal;
    const columns = this.#terminal.columns ?? Number.POSITIVE_INFINITY;
    const shown = lines.slice(0, rows).map((line) => paint(clip(line, columns), colour) + CLEAR_LINE);
    this.#terminal.write(HOME + shown.join('\r\n') + CLEAR_BELOW);
  }

  close(): void {
    process.off('exit', this.#restore);
    this.#restore();
  }
}

const CTRL_C = '\x03';

/** Calls back for each key until the returned function is called. Ctrl-C comes as a key, too. */
export function onKey(terminal: Terminal, callback: (key: string) => void): () => void {
  const { keys } = terminal;
  if (keys === null) return () => {};
  const listen = (data: Buffer): void => {
    for (const key of data.toString('utf8')) callback(key === CTRL_C ? 'q' : key);
  };
  keys.setRawMode(true);
  keys.on('data', listen);
  keys.resume();
  return () => {
    keys.off('data', listen);
    keys.setRawMode(false);
    keys.pause();
  };
}
