// SPDX-License-Identifier: Apache-2.0
import { twoCpus } from './cpu.js';
import { startNginx } from './nginx.js';
import type { Place, Testbed } from './testbed.js';
import { untilItAnswers } from './until.js';

/** Where nginx listens, on 127.0.0.1. */
export const HTTP_PORT = 8080;
const CONNECTIONS = 16;

/** One run of wrk. */
export interface HttpRun {
  readonly requests: number;
  readonly perSecond: number;
}

/** nginx and wrk, one CPU each, on the loopback of one namespace. */
export interface HttpLoad {
  /**
   * Requests without a pause for so many seconds: over connections that stay open, or a connection each.
   * @param url what leads to nginx in some other way than its own address.
   */
  run(kind: 'keep-alive' | 'short', seconds: number, url?: string): Promise<HttpRun>;
  stop(): Promise<void>;
}

/** Starts nginx and waits until it answers. Both ends run in `place`. */
export async function startHttpLoad(testbed: Testbed, place: Place): Promise<HttpLoad> {
  const [clientCpu] = twoCpus();
  const server = startNginx(testbed, { address: '127.0.0.1', port: HTTP_PORT }, place);

  const run: HttpLoad['run'] = async (kind, seconds, url = `http://127.0.0.1:${HTTP_PORT}/`) => {
    const header = kind === 'short' ? ['-H', 'Connection: close'] : [];
    const wrk = ['wrk', '-t', '1', '-c', String(CONNECTIONS), '-d', `${seconds}s`, ...header];
    const result = await testbed.run('taskset', ['-c', String(clientCpu), ...wrk, url], place);
    if (result.code !== 0) throw new Error(`wrk ended with ${result.code}: ${result.stderr.trim()}`);
    return readWrk(result.stdout);
  };
  try {
    await untilItAnswers(() => run('short', 1));
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { run, stop: server.stop };
}

/** Reads what wrk prints. Throws when a request failed: a comparison would compare errors. */
export function readWrk(text: string): HttpRun {
  const [, requests, seconds] = /(\d+) requests in ([\d.]+)s/.exec(text) ?? [];
  if (requests === undefined || seconds === undefined)
    throw new Error(`cannot read what wrk printed: ${text}`);
  const errors = /Socket errors:.*|Non-2xx.*/.exec(text)?.[0];
  if (errors !== undefined || Number(requests) === 0)
    throw new Error(`requests failed under wrk: ${errors ?? text}`);
  return { requests: Number(requests), perSecond: Number(requests) / Number(seconds) };
}
