// SPDX-License-Identifier: Apache-2.0
// The reader of HTTP/1.1 in user space, asked by test/http1/script.c.
import { execFileSync } from 'node:child_process';
import { compile } from './compile.mjs';

type Span = readonly [at: number, length: number];

export interface Head {
  readonly verdict: 'more' | 'complete' | 'foreign' | 'refused' | 'depends on the pieces';
  readonly reason: string;
  readonly length: number;
  readonly minor: number;
  readonly status: number;
  /** -1: none. */
  readonly contentLength: number;
  readonly chunked: boolean;
  readonly method: Span;
  readonly target: Span;
  readonly path: Span;
  readonly query: Span;
  readonly host: Span;
  readonly fields: readonly (readonly [
    nameAt: number,
    nameLength: number,
    valueAt: number,
    valueLength: number,
  ])[];
}

/** A stream of messages: those that are complete, and what is behind them. */
export interface Messages {
  readonly messages: readonly (readonly [bytes: number, status: number])[];
  /** Bytes behind the last one. */
  readonly rest: number;
  /** Of those bytes. */
  readonly verdict: Head['verdict'];
  readonly reason: string;
}

/** A piece of a stream, latin1, as a word of a script. */
export const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');

/** Runs scripts of lines, and gives what each line came to. */
export class Reader {
  readonly #compiled: ReturnType<typeof compile>;

  constructor(compiler: 'gcc' | 'clang') {
    this.#compiled = compile('script.c', {
      compiler,
      flags: compiler === 'clang' ? ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'] : [],
    });
  }

  /** @throws the program was ended by a sanitizer, or by a check of its own */
  run(lines: readonly string[]): unknown[] {
    const output = execFileSync(this.#compiled.program, {
      input: `${lines.join('\n')}\n`,
      maxBuffer: 256 << 20,
    });
    return output.toString().trim().split('\n').map(parse);
  }

  heads(kind: 'request' | 'response', texts: readonly string[]): Head[] {
    return this.run(texts.map((text) => `head ${kind} ${hex(text)}`)) as Head[];
  }

  close(): void {
    this.#compiled.remove();
  }
}

const parse = (line: string): unknown => JSON.parse(line);
