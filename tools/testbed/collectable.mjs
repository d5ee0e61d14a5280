// SPDX-License-Identifier: Apache-2.0
// Loaded into a program by `node --import`: at SIGUSR2 it collects all its garbage. What is resident afterwards is held.
import { writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';
import { collectedFile } from './memory.mjs';

if (isMainThread) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  process.on('SIGUSR2', () => {
    collect();
    writeFileSync(collectedFile(process.pid), '');
  });
}
