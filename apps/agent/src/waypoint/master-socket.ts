// SPDX-License-Identifier: Apache-2.0
import { createConnection } from 'node:net';

const TIMEOUT_MS = 5_000;

/** What `show proc` says of a HAProxy (its management guide, section 9.4). */
export interface HaproxyProcesses {
  readonly masterPid: number;
  /** Of the configuration in force; `null` while none runs. */
  readonly workerPid: number | null;
  /** Of earlier configurations, which finish what they have. */
  readonly oldWorkers: number;
}

/** Asks the master; rejects where nobody answers. */
export async function showProcesses(socket: string): Promise<HaproxyProcesses> {
  return parseProcesses(await ask(socket, 'show proc'));
}

/** Has the master read its configuration anew. It ends the connection instead of answering. */
export async function reload(socket: string): Promise<void> {
  await ask(socket, 'reload');
}

function parseProcesses(text: string): HaproxyProcesses {
  const [current = '', old = ''] = text.split('# old workers');
  const pids = (part: string, type: string): number[] =>
    [...part.matchAll(new RegExp(`^(\\d+)\\s+${type}\\s`, 'gm'))].map((match) => Number(match[1]));
  const [masterPid = 0] = pids(current, 'master');
  const [workerPid = null] = pids(current, 'worker');
  return { masterPid, workerPid, oldWorkers: pids(old, 'worker').length };
}

function ask(path: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let answer = '';
    socket.setEncoding('utf8').setTimeout(TIMEOUT_MS, () => {
      socket.destroy(new Error(`${path} did not answer within ${TIMEOUT_MS} ms`));
    });
    socket.on('data', (part: string) => {
      answer += part;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
    socket.on('connect', () => socket.end(`${command}\n`));
  });
}
