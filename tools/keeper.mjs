// SPDX-License-Identifier: Apache-2.0
// Outlives the launcher: when the launcher was killed, it undoes what the launcher made. The launcher holds the
// other end of our standard input; its end is the launcher's end.
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { recordedRun } from './run.mjs';
import { isAlive } from './testbed/owners.mjs';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {}); // meant for the launcher
process.stdin.resume();
await once(process.stdin, 'close');
// A process that is killed closes its files before it is gone: what still lives then is only about to end.
while (isAlive(ours()?.owner)) await pause(20);
const run = ours();
if (run) {
  await pause(500); // programs notice by themselves and stop in good order
  await run.undo({
    graceMs: () => 5000,
    onTrouble: (thing, error) => process.stderr.write(`${thing.kind}: ${error.message}\n`),
  });
}

// The run on record, unless it is none of our launcher's.
function ours() {
  const recorded = recordedRun();
  return recorded?.keeper?.pid === process.pid ? recorded : undefined;
}
