// SPDX-License-Identifier: Apache-2.0
// Exchanges as steps for the programs' framing in user space (fixtures/http-harness.c), and what llhttp takes them for.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { HttpMethod, HttpSampleFlag } from '@undermesh/bpf-abi';
import type { Exchange } from './http-corpus.js';
import { frame, type Message } from './llhttp.js';

const { UNANSWERED, CUT, RESYNCED } = HttpSampleFlag;

/** What the harness prints of a connection. */
export interface Outcome {
  readonly protocol: number;
  readonly framingLost: number;
  readonly lost: number;
  readonly samples: readonly (readonly [
    method: number,
    status: number,
    flags: number,
    requestBytes: number,
    responseBytes: number,
  ])[];
}

export interface Case {
  readonly exchanges: readonly Exchange[];
  readonly steps: readonly string[];
}

const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');

/** Cuts nothing. */
export const whole = (): number => Number.POSITIVE_INFINITY;

/** The steps of a stream, cut into segments by `cut`. */
export function segments(name: string, from: number, text: string, cut: () => number): string[] {
  const steps: string[] = [];
  for (let at = 0; at < text.length; ) {
    const length = Math.min(cut(), text.length - at);
    steps.push(`${name} ${from + at} ${hex(text.slice(at, at + length))}`);
    at += length;
  }
  return steps;
}

/** One request after the other, `depth` of them before the first answer. */
export function played(exchanges: readonly Exchange[], cut: () => number, depth = 1): Case {
  const steps = ['begin'];
  let asked = 0;
  let answered = 0;
  for (let i = 0; i < exchanges.length; i += depth) {
    const batch = exchanges.slice(i, i + depth);
    for (const { request } of batch) {
      steps.push(...segments('request', asked, request, cut));
      asked += request.length;
    }
    for (const { response } of batch) {
      steps.push(...segments('response', answered, response, cut));
      answered += response.length;
    }
  }
  return { exchanges, steps: [...steps, `fin ${answered}`, 'end'] };
}

/** What llhttp takes a case for: samples without flags, and whether it took all of it. */
function reference({ exchanges }: Case): { samples: number[][]; failed: boolean } {
  const requests = frame('request', exchanges.map(({ request }) => request).join(''));
  const asked = requests.messages.map(({ method }) => method);
  const responses = frame('response', exchanges.map(({ response }) => response).join(''), {
    asked,
    closed: true,
  });
  const answers: Message[] = [];
  let interim = 0;
  for (const message of responses.messages) {
    if (message.status < 200 && message.status !== 101) interim += message.bytes;
    else {
      answers.push({ ...message, bytes: message.bytes + interim });
      interim = 0;
    }
  }
  const samples = answers.slice(0, requests.messages.length).map(({ status, bytes }, i) => {
    const { method = '', bytes: requestBytes = 0 } = requests.messages[i] ?? {};
    return [HttpMethod[method as keyof typeof HttpMethod] ?? 0, status, requestBytes, bytes];
  });
  return { samples, failed: requests.failed || responses.failed };
}

/**
 * Where what was seen is something else than what llhttp saw; undefined when it is the same, or unknown. `valid`: the
 * streams are beyond doubt, so that what is found again after a loss must be there as well.
 */
export function difference(of: Case, outcome: Outcome, valid: boolean): string | undefined {
  const { samples, failed } = reference(of);
  const complete = outcome.samples.filter(([, , flags]) => (flags & (UNANSWERED | CUT)) === 0);
  const seen = complete.map(([method, status, , ...bytes]) => [method, status, ...bytes]);
  const same = (a: readonly number[] | undefined, b: readonly number[] | undefined) =>
    String(a) === String(b);
  if (failed || (!valid && outcome.framingLost > 0)) {
    // From where framing was found again, it is no longer known which of them is which.
    const found = complete.findIndex(([, , flags]) => (flags & RESYNCED) !== 0);
    const both = Math.min(found < 0 ? seen.length : found, samples.length);
    for (let i = 0; i < both; i++)
      if (!same(seen[i], samples[i])) return `${seen[i]} in place of ${samples[i]}`;
    return undefined;
  }
  const unsure = outcome.samples.some(([, , flags]) => flags === (CUT | RESYNCED));
  if (outcome.framingLost === 0 && outcome.protocol === 1 && !unsure) {
    return String(seen) === String(samples)
      ? undefined
      : `${seen.join(' ')} in place of ${samples.join(' ')}`;
  }
  // Unknown in part: what is told must be there, in this order.
  let at = 0;
  for (const [i, sample] of seen.entries()) {
    const resynced = ((complete[i]?.[2] ?? 0) & RESYNCED) !== 0;
    if (resynced) while (at < samples.length && !same(samples[at], sample)) at++;
    if (!same(samples[at], sample)) return `${sample} is not among ${samples.join(' ')}`;
    at++;
  }
  return undefined;
}

/** What the harness, compiled to `path`, says of each case. */
export async function outcomesOf(path: string, cases: readonly Case[]): Promise<Outcome[]> {
  const child = spawn(path, { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  for (const { steps } of cases) {
    if (!child.stdin.write(`${steps.join('\n')}\n`)) await once(child.stdin, 'drain');
  }
  child.stdin.end();
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the harness ended with ${code}`);
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Outcome);
}
