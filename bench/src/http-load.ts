// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { twoCpus } from './cpu.js';
import { makeScratch } from './scratch.js';
import type { Place, Testbed } from './testbed.js';

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

const configuration = (directory: string) => `daemon off;
master_process off;
worker_processes 1;
pid ${directory}/pid;
error_log ${directory}/error.log crit;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  server {
    listen 127.0.0.1:${HTTP_PORT} backlog=4096;
    location / { return 200 "${'x'.repeat(64)}"; }
  }
}
`;

/** Starts nginx and waits until it answers. Both ends run in `place`. */
export async function startHttpLoad(testbed: Testbed, place: Place): Promise<HttpLoad> {
  const scratch = makeScratch();
  const directory = scratch.path;
  writeFileSync(join(directory, 'nginx.conf'), configuration(directory));
  const [clientCpu, serverCpu] = twoCpus();
  const pinned = (cpu: number, command: string[]) => ['-c', String(cpu), ...command];
  const parameters = ['nginx', '-p', directory, '-c', join(directory, 'nginx.conf'), '-e', 'stderr'];
  const server = testbed.spawn('taskset', pinned(serverCpu, parameters), { ...place, stdio: 'ignore' });

  const run: HttpLoad['run'] = async (kind, seconds, url = `http://127.0.0.1:${HTTP_PORT}/`) => {
    const header = kind === 'short' ? ['-H', 'Connection: close'] : [];
    const wrk = ['wrk', '-t', '1', '-c', String(CONNECTIONS), '-d', `${seconds}s`, ...header];
    const result = await testbed.run('taskset', pinned(clientCpu, [...wrk, url]), place);
    if (result.code !== 0) throw new Error(`wrk ended with ${result.code}: ${result.stderr.trim()}`);
    return readWrk(result.stdout);
  };
  const stop = async () => {
    if (server.exitCode === null && server.signalCode === null) {
      server.kill('SIGTERM');
      await once(server, 'exit');
    }
    scratch.remove();
  };
  try {
    await untilItAnswers(() => run('short', 1));
  } catch (error) {
    await stop();
    throw error;
  }
  return { run, stop };
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

async function untilItAnswers(ask: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await ask();
      return;
    } catch (error) {
      if (attempt >= 20) throw error;
      await pause(100);
    }
  }
}
