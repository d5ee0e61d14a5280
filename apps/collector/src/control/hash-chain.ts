// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';

/** What the first line of a chain follows. */
export const GENESIS = '0'.repeat(64);

/** One line of a chain: a JSON object whose last member is the SHA-256 of the line before it and of all else in it. */
export interface Link {
  /** Without line feed. */
  readonly line: string;
  readonly hash: string;
}

const hashOf = (previous: string, body: string): string =>
  createHash('sha256').update(previous).update('\n').update(body).digest('hex');

/** Makes the line of an object, which has at least one member, behind a line with the hash `previous`. */
export function chain(previous: string, value: object): Link {
  const body = JSON.stringify(value);
  const hash = hashOf(previous, body);
  return { line: `${body.slice(0, -1)},"hash":"${hash}"}`, hash };
}

const LINE = /^(\{.+),"hash":"([0-9a-f]{64})"\}$/;

/** The lines of a file as far as each carries the hash of what comes before it. */
export interface ChainReading {
  readonly values: unknown[];
  readonly hashes: string[];
  /** Of the lines that verified, with their line feeds. */
  readonly verifiedBytes: number;
  /** The line, from 1, that did not, and why; `null`: all of them did. */
  readonly broken: { readonly line: number; readonly detail: string } | null;
  /** Bytes of a last line that was never finished. */
  readonly tornBytes: number;
}

/** Reads and verifies a chain, or what follows a line with the hash `after`. What follows the last line feed was being written when somebody pulled the plug. */
export function readChain(bytes: Buffer, after = GENESIS): ChainReading {
  const values: unknown[] = [];
  const hashes: string[] = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf(10, at);
    const done = { values, hashes, verifiedBytes: at, tornBytes: 0 };
    if (end < 0) return { ...done, broken: null, tornBytes: bytes.length - at };
    const line = bytes.toString('utf8', at, end);
    const [, front, hash = ''] = LINE.exec(line) ?? [];
    const detail =
      front === undefined
        ? 'is no line of a change log'
        : hashOf(hashes.at(-1) ?? after, `${front}}`) === hash
          ? null
          : 'does not follow from the line before it';
    if (detail !== null) return { ...done, broken: { line: values.length + 1, detail } };
    values.push(JSON.parse(`${front}}`));
    hashes.push(hash);
    at = end + 1;
  }
}
