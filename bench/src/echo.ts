// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { twoCpus } from './cpu.js';
import { loadProgram, type Place, type Testbed } from './testbed.js';

/** Messages to and fro over a connection of its own. */
export interface Exchanges {
  readonly exchanges: number;
  readonly elapsedNs: number;
}

/** Two processes on the two CPUs that send each other messages over loopback, one at a time. */
export interface Echo {
  /** Messages of `bytes` (a multiple of 8), each sent back whole, for so long. */
  run(bytes: number, milliseconds: number): Promise<Exchanges>;
  stop(): Promise<void>;
}

/** Starts both processes. */
export async function startEcho(testbed: Testbed, place: Place): Promise<Echo> {
  const child = testbed.spawn(await loadProgram('echo'), twoCpus().map(String), {
    ...place,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('the echo program has no pipes');
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  return {
    run: async (bytes, milliseconds) => {
      stdin.write(`${bytes} ${milliseconds}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`the echo program ended at ${bytes} bytes`);
      return JSON.parse(value) as Exchanges;
    },
    stop: async () => {
      stdin.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
