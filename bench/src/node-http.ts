// SPDX-License-Identifier: Apache-2.0
// HTTP as services speak it: a client of Node's http.Agent, and a server of Node.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { endProcess } from './collector-process.js';
import { twoCpus } from './cpu.js';
import type { HttpRun } from './http-load.js';
import type { Running } from './nginx.js';
import type { Place, Testbed } from './testbed.js';

const CONNECTIONS = 16;
const own = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A port, and the cgroup that connections to it are to belong to. */
export interface Way {
  readonly port: number;
  readonly cgroup: string;
}

/** Starts a server of Node on the second CPU, which answers with 1 KiB of JSON at each port. It may not listen yet. */
export function startNodeServer(
  testbed: Testbed,
  address: string,
  ways: readonly Way[],
  place: Place,
): Running {
  const [, cpu] = twoCpus();
  const parameters = ways.flatMap(({ port, cgroup }) => [String(port), cgroup]);
  const command = [process.execPath, own('node-server-process.js'), address, ...parameters];
  const server = testbed.spawn('taskset', ['-c', String(cpu), ...command], { ...place, stdio: 'inherit' });
  return { stop: () => endProcess(server) };
}

/** A client of Node on the first CPU that stays between its runs. */
class Client implements Running {
  readonly #process: ChildProcess;

  constructor(testbed: Testbed, program: readonly string[], place: Place) {
    const [cpu] = twoCpus();
    this.#process = testbed.spawn('taskset', ['-c', String(cpu), process.execPath, ...program], {
      ...place,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  }

  /** Gives an order; resolves with how many requests were answered. Rejects when one of them fails. */
  protected async obey(order: number | { way: number; forMs: number }): Promise<HttpRun> {
    const began = performance.now();
    this.#process.send(order);
    const [answer] = (await once(this.#process, 'message')) as [number | string];
    if (typeof answer === 'string') throw new Error(`a request failed under load: ${answer}`);
    return { requests: answer, perSecond: (answer * 1_000) / (performance.now() - began) };
  }

  stop(): Promise<void> {
    return endProcess(this.#process);
  }
}

/** A client that makes new connections for each run. */
export class NodeClient extends Client {
  constructor(testbed: Testbed, url: string, place: Place) {
    super(testbed, [own('node-client-process.js'), url, String(CONNECTIONS)], place);
  }

  /** Requests without a pause for so many seconds. */
  run(seconds: number): Promise<HttpRun> {
    return this.obey(seconds * 1_000);
  }
}

/** A client that keeps connections of several cgroups: what asks over them is one and the same process. */
export class WaysClient extends Client {
  constructor(testbed: Testbed, address: string, ways: readonly Way[], place: Place) {
    const parameters = ways.flatMap(({ port, cgroup }) => [`http://${address}:${port}/`, cgroup]);
    super(testbed, [own('node-ways-process.js'), String(CONNECTIONS), ...parameters], place);
  }

  /** Requests without a pause over the connections of one way, which are made when it is first asked. */
  run(way: number, seconds: number): Promise<HttpRun> {
    return this.obey({ way, forMs: seconds * 1_000 });
  }
}
