// SPDX-License-Identifier: Apache-2.0
// The coverage-guided fuzzer of the reader of HTTP/1.1: fuzz.c under libFuzzer, with what corpora of HTTP hold.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from './compile.mjs';

/** With the sanitizers of addresses and of undefined behaviour. */
const SANITIZED = { flags: ['-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all'] };

/**
 * Six times as fast. What looks behind a piece meets a page that cannot be read (pieces.c); only the reader's branches
 * count as coverage, and comparisons are left to the words below.
 */
const FAST = {
  flags: ['-fsanitize=fuzzer', '-fno-sanitize-coverage=trace-cmp,indirect-calls,stack-depth'],
  readerFlags: ['-fsanitize-coverage=inline-8bit-counters,pc-table'],
};

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

/** Longer than the longest head, and long enough for anything but that. */
const LONGEST = 20_000;
const LONG = 2048;

/**
 * Runs for a time.
 * @param {object} options
 * @param {number} options.seconds
 * @param {string[]} options.seeds streams to begin with, latin1
 * @param {string} [options.corpus] a directory that keeps what was found; a temporary one otherwise
 * @param {number} [options.workers] processes that share what they find; the first one tries long streams as well
 * @param {boolean} [options.fast] without sanitizers, by which all that was found is read once more at the end
 * @param {(text: string) => void} [options.onOutput]
 * @returns {Promise<{ code: number, executions: number, inputs: number, output: string }>} `code` 0: nothing was
 *   found; `inputs`: how many were read once more by the sanitizers
 */
export async function fuzz({ seconds, seeds, corpus, workers = 1, fast = false, onOutput = () => {} }) {
  const { program, directory, remove } = compile('fuzz.c', fast ? FAST : SANITIZED);
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
      `-timeout=${fast ? 1200 : 5}`, // a long run may be stopped for a while and go on
      '-print_final_stats=1',
      kept,
      join(directory, 'seeds'),
    ];
    const all = Array.from({ length: workers }, (_, i) =>
      run(program, [`-max_len=${i === 0 ? LONGEST : LONG}`, ...parameters], onOutput),
    );
    const result = sum(await Promise.all(all));
    if (!fast || result.code !== 0) return { ...result, inputs: 0 };
    return { ...result, ...(await readAgain(kept, onOutput)) };
  } finally {
    remove();
  }
}

const sum = (results) => ({
  code: Math.max(...results.map(({ code }) => code)),
  executions: results.reduce((total, one) => total + one.executions, 0),
  output: results.map(({ output }) => output).join('\n'),
});

/** @returns {Promise<{ code: number, inputs: number }>} */
async function readAgain(corpus, onOutput) {
  const { program, remove } = compile('fuzz.c', SANITIZED);
  try {
    const { code, executions } = await run(program, ['-runs=0', `-max_len=${LONGEST}`, corpus], onOutput);
    return { code, inputs: executions };
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
