// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Redactor } from './redactor.js';

const run = promisify(execFile);
/** How much of a log is read from its end, bytes. */
const TAIL_BYTES = 8 * 2 ** 20;
const MOST_LINES = 20_000;

/** Where the log lines of a program are. */
export interface LogPlace {
  /** A file of them; without it, the journal of {@link unit}. */
  readonly file?: string | undefined;
  /** E.g. `undermesh-agent`. */
  readonly unit: string;
  /** How far to look back. */
  readonly minutes: number;
}

/**
 * The last log lines of a program, as far as the redactor knows what they say; those that bear no time are taken too. Throws
 * what reading the file or the journal said.
 */
export async function logTail({ file, unit, minutes }: LogPlace, redactor: Redactor): Promise<string> {
  const text = file === undefined ? await journal(unit, minutes) : await endOf(file);
  const since = Date.now() - minutes * 60_000;
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .slice(-MOST_LINES);
  return lines.flatMap((line) => reduced(line, since, redactor)).join('');
}

async function journal(unit: string, minutes: number): Promise<string> {
  const asked = [
    '--unit',
    unit,
    '--output',
    'cat',
    '--no-pager',
    '--since',
    `-${minutes}min`,
    '--lines',
    `${MOST_LINES}`,
  ];
  const { stdout } = await run('journalctl', asked, { maxBuffer: TAIL_BYTES * 4 });
  return stdout;
}

async function endOf(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

function reduced(line: string, since: number, redactor: Redactor): string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return [`${redactor.text(line)}\n`];
  }
  const { time } = (parsed ?? {}) as { time?: unknown };
  if (typeof time === 'string' && Date.parse(time) < since) return [];
  return [`${JSON.stringify(field(parsed, redactor))}\n`];
}

function field(value: unknown, redactor: Redactor): unknown {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'string') return redactor.text(value);
  if (Array.isArray(value)) return value.map((item) => field(item, redactor));
  const members = Object.entries(value as object);
  return Object.fromEntries(members.map(([name, of]) => [redactor.text(name), field(of, redactor)]));
}
