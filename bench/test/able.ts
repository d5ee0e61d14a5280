// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';

export const isRoot = process.getuid?.() === 0;

/** There, and of a build that this processor runs. */
const runs = (program: string): boolean => spawnSync(program, ['-v']).status !== null;

/** What makes load, and the server and the proxies that it goes to. */
export const canLoad = isRoot && ['wrk', 'nginx', 'haproxy'].every(runs);
