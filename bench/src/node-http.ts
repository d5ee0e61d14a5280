// SPDX-License-Identifier: Apache-2.0
// HTTP as services speak it: a client of Node's http.Agent, and a server of Node.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { endProcess } from './collector-process.js';
import { twoCpus } from './cpu.js';
import type { HttpRun } from './http-load.js';
import type { Address, Running } from './nginx.js';
import type { Place, Testbed } from './testbed.js';

const CONNECTIONS = 16;
const own = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Starts a server of Node on the second CPU, which answers with 1 KiB. It may not listen yet. */
export function startNodeServer(testbed: Testbed, { address, port }: Address, place: Place): Running {
  const [, cpu] = twoCpus();
  const command = [process.execPath, own('node-server-process.js'), address, String(port)];
  const server = testbed.spawn('taskset', ['-c', String(cpu), ...command], { ...place, stdio: 'inherit' });
  return { stop: () => endProcess(server) };
}

/** A client of Node on the first CPU, which stays between its runs and makes new connections for each. */
export class NodeClient implements Running {
  readonly #process: ChildProcess;

  constructor(testbed: Testbed, url: string, place: Place) {
    const [cpu] = twoCpus();
    const command = [process.execPath, own('node-client-process.js'), url, String(CONNECTIONS)];
    this.#process = testbed.spawn('taskset', ['-c', String(cpu), ...command], {
      ...place,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  }

  /** Requests without a pause for so many seconds. Rejects when one of them fails. */
  async run(seconds: number): Promise<HttpRun> {
    const began = performance.now();
    this.#process.send(seconds * 1_000);
    const [answer] = (await once(this.#process, 'message')) as [number | string];
    if (typeof answer === 'string') throw new Error(`a request failed under load: ${answer}`);
    return { requests: answer, perSecond: (answer * 1_000) / (performance.now() - began) };
  }

  stop(): Promise<void> {
    return endProcess(this.#process);
  }
}
