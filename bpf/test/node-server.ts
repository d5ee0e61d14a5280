// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { inMesh } from './haproxy.js';
import type { TestCgroup } from './observed.js';
import type { MeshProgram } from './steered.js';

/**
 * A server in the namespace of a mesh, in a process of its own.
 * @param program JavaScript that prints a line once it listens.
 */
export async function serveByNode(
  mesh: MeshProgram,
  cgroup: TestCgroup,
  program: string,
): Promise<AsyncDisposable & { end(): Promise<void> }> {
  const child = spawn('sh', inMesh(mesh, cgroup, `"${process.execPath}" -e "$PROGRAM"`), {
    env: { ...process.env, PROGRAM: program },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const end = async () => {
    child.kill();
    await once(child, 'close');
  };
  return { end, [Symbol.asyncDispose]: end };
}
