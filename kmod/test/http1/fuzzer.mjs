// SPDX-License-Identifier: Apache-2.0
// The coverage-guided fuzzer of the reader of HTTP/1.1: fuzz.c under libFuzzer, with what corpora of HTTP hold.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from './compile.mjs';

const SANITIZERS = ['-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all'];

/** The words that matter to the reader, for libFuzzer to put in. */
const WORDS = [
  'GET /',
  'HEAD ',
  'CONNECT a',
  'OPTIONS *',
  ' HTTP/1.1\\x0d\\x0a',
  ' HTTP/1.0\\x0d\\x0a',
  'HTTP/1.1 200 ',
  'HTTP/1.1 101 ',
  'PRI * HTTP/2.0',
  'Host: a\\x0d\\x0a',
  'Content-Length: ',
  'Transfer-Encoding: chunked\\x0d\\x0a',
  '\\x0d\\x0a\\x0d\\x0a',
  '\\x0d\\x0a5\\x0d\\x0a',
  '0\\x0d\\x0a\\x0d\\x0a',
];

/**
 * Runs for a time.
 * @param {object} options
 * @param {number} options.seconds
 * @param {string[]} options.seeds streams to begin with, latin1
 * @param {string} [options.corpus] a directory that keeps what was found; a temporary one otherwise
 * @param {string[]} [options.flags] of libFuzzer: `['-jobs=2']`
 * @param {(text: string) => void} [options.onOutput]
 * @returns {Promise<{ code: number, executions: number, output: string }>} `code` 0: nothing was found
 */
export async function fuzz({ seconds, seeds, corpus, flags = [], onOutput = () => {} }) {
  const { program, directory, remove } = compile('fuzz.c', { flags: SANITIZERS });
  try {
    const kept = corpus ?? join(directory, 'corpus');
    mkdirSync(kept, { recursive: true });
    mkdirSync(join(directory, 'seeds'));
    for (const [i, seed] of seeds.entries())
      writeFileSync(join(directory, 'seeds', `${i}`), Buffer.from(`\0${seed}`, 'latin1'));
    const words = join(directory, 'words');
    writeFileSync(words, WORDS.map((word) => `"${word}"\n`).join(''));
    const parameters = [
      `-max_total_time=${seconds}`,
      `-dict=${words}`,
      `-artifact_prefix=${kept}/`,
      '-max_len=20000',
      '-timeout=5',
      '-print_final_stats=1',
      ...flags,
      kept,
      join(directory, 'seeds'),
    ];
    return await run(program, parameters, onOutput);
  } finally {
    remove();
  }
}

async function run(program, parameters, onOutput) {
  const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
      onOutput(text);
    });
  const [code, signal] = await once(child, 'close');
  const executions = Number(/number_of_executed_units: (\d+)/.exec(output)?.[1] ?? 0);
  return { code: signal ? 1 : code, executions, output };
}
