// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./wrk.lua', import.meta.url));

/**
 * wrk: as many requests as it can, which take turns on each of its connections.
 * @param {import('../mesh.mjs').NativeMesh} mesh
 * @param {string} authority
 * @param {{ connections: number, seconds: number }} options
 * @returns {Promise<{ answered: number, wrong: number, failed: number }>} `wrong`: not by whom the route names
 */
export async function wrk(mesh, authority, { connections, seconds }) {
  const { code, stdout, stderr } = await mesh.run('wrk', [
    ...['--threads', '1', '--connections', connections, '--duration', `${seconds}s`, '--timeout', '60s'],
    ...['--script', script, `http://${authority}/`],
  ]);
  if (code !== 0) throw new Error(`wrk ended with ${code}: ${stderr.trim()}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}
