// SPDX-License-Identifier: Apache-2.0
import { createConnection } from 'node:net';
import { parseServerStates, type ServerState } from './slots.js';

const TIMEOUT_MS = 5_000;
/** Commands in one line, which has to fit into HAProxy's buffer. */
const BATCH = 100;

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
  return parseProcesses(await ask('master', socket, 'show proc'));
}

/** Changes servers of the worker in force; what became of them is told by {@link showServers}. */
export async function tellServers(socket: string, commands: readonly string[]): Promise<void> {
  for (let at = 0; at < commands.length; at += BATCH)
    await ask('worker', socket, commands.slice(at, at + BATCH).join(';'));
}

export async function showServers(socket: string): Promise<ServerState[]> {
  return parseServerStates(await ask('worker', socket, 'show servers state'));
}

/** Has the master read its configuration anew. It ends the connection instead of answering. */
export async function reload(socket: string): Promise<void> {
  await ask('master', socket, 'reload');
}

function parseProcesses(text: string): HaproxyProcesses {
  const [current = '', old = ''] = text.split('# old workers');
  const pids = (part: string, type: string): number[] =>
    [...part.matchAll(new RegExp(`^(\\d+)\\s+${type}\\s`, 'gm'))].map((match) => Number(match[1]));
  const [masterPid = 0] = pids(current, 'master');
  const [workerPid = null] = pids(current, 'worker');
  return { masterPid, workerPid, oldWorkers: pids(old, 'worker').length };
}

/**
 * Resolves with the answer once the other side has closed. A master closes after its client; a worker closes by itself, and
 * leaves out the commands that it has not come to when its client does.
 */
function ask(from: 'master' | 'worker', path: string, command: string): Promise<string> {
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
    socket.on('connect', () =>
      from === 'master' ? socket.end(`${command}\n`) : socket.write(`${command}\n`),
    );
  });
}
