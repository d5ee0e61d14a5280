// SPDX-License-Identifier: Apache-2.0
// Programs that run in a testbed until they are told to end: servers, whose standard input is held open, and clients.
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/**
 * Starts a server and waits for its first line, by which it says that it listens.
 * @param {import('./testbed.mjs').Testbed} testbed
 * @param {string[]} command
 * @param {{ name: string, place: { namespace?: string, cgroup?: string } }} options `name`: what it is called when it
 *   does not start
 * @returns {Promise<{ child: import('node:child_process').ChildProcess, first: string,
 *   ask: () => Promise<string>, stop: () => Promise<string | undefined>, kill: () => Promise<void> }>} `ask` sends it an
 *   empty line and resolves to its answer; `stop` ends its input and resolves to its last line, if it says one
 */
export async function startServer(testbed, [program, ...parameters], { name, place }) {
  const child = testbed.spawn(program, parameters, { ...place, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done) throw new Error(`${name} did not start`);
  const ended = async () => {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  const ask = async () => {
    child.stdin.write('\n');
    return (await lines.next()).value;
  };
  const stop = async () => {
    child.stdin.end();
    const { value } = await lines.next();
    await ended();
    return value;
  };
  const kill = async () => {
    child.kill('SIGKILL');
    await ended();
  };
  return { child, first: first.value, ask, stop, kill };
}

/**
 * Starts a client that goes on until it is stopped, or is done, and then says what it did.
 * @param {import('./testbed.mjs').Testbed} testbed
 * @param {string[]} command
 * @param {{ name: string, place: { namespace?: string, cgroup?: string } }} options `name`: what it is called when it
 *   ends badly
 * @returns {{ stop: () => Promise<any> }} `stop` lets it finish what is under way; resolves to the JSON it said
 */
export function startClient(testbed, [program, ...parameters], { name, place }) {
  const child = testbed.spawn(program, parameters, { ...place, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  const closed = once(child, 'close');
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    const [code] = await closed;
    if (code !== 0) throw new Error(`${name} ended with ${code}`);
    return JSON.parse(output);
  };
  return { stop };
}
