// SPDX-License-Identifier: Apache-2.0
// One step of an acceptance area by itself, without a report: node tools/accept/step.mjs road/2-exact

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../paths.mjs';
import { say } from '../say.mjs';

const deferred = [];
const { title, run } = await import(pathToFileURL(join(root, 'tools/accept', `${process.argv[2]}.mjs`)).href);
say(title);
const start = Date.now();
const { held, figures, note } = await run({ say, defer: (undo) => deferred.push(undo) }).finally(async () => {
  for (const undo of deferred.reverse()) await undo();
});
for (const [what, value] of Object.entries(figures)) say(`  ${what}: ${value}`);
if (note) say(note);
say(`${held ? 'held' : 'MISSED'} after ${((Date.now() - start) / 1000).toFixed(1)} s`);
process.exit(held ? 0 : 1);
