// SPDX-License-Identifier: Apache-2.0
// A slow wire between two namespaces of a testbed: what netem does, for kernels that lack it.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { compile } from './compile.mjs';
import { enter } from './namespaces.mjs';

const source = fileURLToPath(new URL('./wire/', import.meta.url));

/**
 * Joins two namespaces by a wire that lives in the namespace `fabric` (made before, like the members) and delays every
 * frame.
 * @param {import('./testbed.mjs').Testbed} testbed
 * @param {{ fabric: string, members: { namespace: string, addresses: string[] }[], delayMs: number }} options
 *   `members`: two of them; `delayMs` in each direction
 */
export async function joinBySlowWire(testbed, { fabric, members, delayMs }) {
  for (const [index, { namespace, addresses }] of members.entries()) {
    const port = `port${index}`;
    const add = ['link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0'];
    enter(fabric, ['ip', ...add, 'netns', namespace]);
    enter(fabric, ['ip', 'link', 'set', port, 'up']);
    enter(namespace, ['ip', 'link', 'set', 'eth0', 'up']);
    for (const address of addresses) enter(namespace, ['ip', 'address', 'add', address, 'dev', 'eth0']);
  }
  const child = testbed.spawn(compile(source, 'wire'), ['port0', 'port1', '--delay-ms', String(delayMs)], {
    namespace: fabric,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error('the wire ended before it was ready'))),
  ]);
}
