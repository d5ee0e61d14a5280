// SPDX-License-Identifier: Apache-2.0
// What the launcher tells a person: short lines on standard output, failures on standard error.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** A failure that is explained already: `message` says what was being done, `mend` what to do next. */
export class Failure extends Error {
  /** @param {string} message @param {{ mend?: string, log?: string, cause?: unknown }} [options] */
  constructor(message, { mend, log, cause } = {}) {
    super(message, { cause });
    this.name = 'Failure';
    this.mend = mend;
    this.log = log;
  }
}

/** Prints one progress line. */
export function say(line = '') {
  process.stdout.write(`${line}\n`);
}

/** Prints one warning line. */
export function warn(line) {
  process.stderr.write(`warning: ${line}\n`);
}

/** Prints a failure: what failed, the end of its log, what to do. Anything unexpected keeps its stack. */
export function explain(error) {
  if (!(error instanceof Failure)) {
    process.stderr.write(`${error?.stack ?? error}\n`);
    return;
  }
  process.stderr.write(`\nfailed: ${error.message}\n`);
  const end = error.log ? tail(error.log) : '';
  if (end) process.stderr.write(`${indent(end)}\n  (all of it: ${error.log})\n`);
  if (error.mend) process.stderr.write(`what to do: ${error.mend}\n`);
}

/** The last lines of a file, at most `lines` and 16 KiB; empty when it cannot be read. */
export function tail(path, lines = 15) {
  let descriptor;
  try {
    descriptor = openSync(path, 'r');
    const { size } = fstatSync(descriptor);
    const buffer = Buffer.alloc(Math.min(size, 16_384));
    readSync(descriptor, buffer, 0, buffer.length, size - buffer.length);
    // npm repeats itself at length after the line that matters.
    const told = plain(buffer.toString('utf8'))
      .split('\n')
      .filter((line) => line.trim() !== '' && !/npm (error|warn) /.test(line));
    return told.slice(-lines).join('\n');
  } catch {
    return '';
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Log entries (a JSON object per line) as what they say; other lines as they are. */
export function plain(text) {
  return text
    .trim()
    .split('\n')
    .map((line) => logEntry(line)?.text ?? line)
    .join('\n');
}

/** A line that pino wrote: its level and what it says. Undefined for any other line. */
export function logEntry(line) {
  if (!line.startsWith('{')) return undefined;
  try {
    const { level, msg, err } = JSON.parse(line);
    return level === undefined ? undefined : { level, text: err?.message ? `${msg} (${err.message})` : msg };
  } catch {
    return undefined;
  }
}

function indent(text) {
  return text.replace(/^/gm, '  | ');
}
