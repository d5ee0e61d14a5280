// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Moves this process into a cgroup: sockets that it makes from now on belong there, those that it has stay. */
export function enterCgroup(directory: string | undefined): void {
  if (directory !== undefined) writeFileSync(join(directory, 'cgroup.procs'), String(process.pid));
}
