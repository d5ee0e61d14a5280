// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep, TestCgroup } from './observed.js';
import type { MeshProgram } from './steered.js';

const PROGRAM = '/usr/sbin/haproxy';
/** There, and of a build that this processor runs: an emulated one may lack instructions. */
export const hasHaproxy = spawnSync(PROGRAM, ['-v']).status === 0;

/** Arguments of `sh` that run a command in a cgroup, in the network namespace of a mesh. */
export const inMesh = (mesh: MeshProgram, cgroup: TestCgroup, command: string): string[] => [
  '-c',
  `echo $$ > "${cgroup.path}/cgroup.procs"; exec nsenter --net=/proc/${mesh.pid}/ns/net ${command}`,
];

/** What a command in that cgroup prints, at most 16 MiB. */
export const runIn = (mesh: MeshProgram, cgroup: TestCgroup, command: readonly string[]): string =>
  execFileSync('sh', [...inMesh(mesh, cgroup, '"$@"'), 'sh', ...command], {
    maxBuffer: 16 << 20,
    stdio: ['ignore', 'pipe', 'pipe'],
  }).toString();

/** Body and status of an answer, as a client in that cgroup gets them. */
export const curl = (mesh: MeshProgram, cgroup: TestCgroup, url: string): string =>
  execFileSync('sh', inMesh(mesh, cgroup, `curl -sg -m 5 -w '%{http_code}' ${url}`)).toString();

/** Debian's HAProxy in the namespace of a mesh, in a cgroup of its own. */
export class Haproxy {
  readonly cgroup = new TestCgroup();
  readonly #directory = mkdtempSync(join(tmpdir(), 'undermesh-haproxy-'));
  readonly #child: ChildProcess;

  /**
   * @param frontend lines of its only frontend, and of whatever sections follow.
   * @param prepare is given the cgroup before anything runs there.
   */
  constructor(
    mesh: MeshProgram,
    frontend: readonly string[],
    prepare: (cgroup: TestCgroup) => void = () => {},
  ) {
    prepare(this.cgroup);
    const config = join(this.#directory, 'haproxy.cfg');
    const lines = ['defaults', '  mode http', '  timeout client 5s', 'frontend waypoint', ...frontend];
    writeFileSync(config, `${lines.join('\n')}\n`);
    this.#child = spawn('sh', inMesh(mesh, this.cgroup, `${PROGRAM} -db -q -f ${config}`), {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }

  async end(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill();
    await gone;
    rmSync(this.#directory, { recursive: true });
    await sleep(20);
    this.cgroup.remove();
  }
}
