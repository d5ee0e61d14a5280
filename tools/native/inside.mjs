// SPDX-License-Identifier: Apache-2.0
// What is done on a kernel with the module: `node inside.mjs [--module FILE] [--engine NAME] [--release DIRECTORY] CASE...`.
// What each case found is a marked line of JSON among whatever the programs say. Nothing is cleaned up: it is gone with the
// guest.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { NODE } from '../accept/nothing-breaks/checks/mesh-under-load.mjs';
import { Findings } from '../accept/road/checks/findings.mjs';
import { findCommand } from '../packages.mjs';
import { say } from '../say.mjs';
import { Road } from '../testbed/road.mjs';
import { cases, MARK, OPENING } from './cases.mjs';
import { NativeMesh } from './mesh.mjs';

const COUNTERS = '/proc/undermesh';

/** For what takes seconds elsewhere. */
const PATIENCE_MS = 300_000;

const { values, positionals: names } = parseArgs({
  options: {
    module: { type: 'string' },
    release: { type: 'string' },
    engine: { type: 'string', default: 'kernel-native' },
  },
  allowPositionals: true,
});
if (values.module !== undefined) execFileSync(findCommand('busybox'), ['insmod', values.module]);

const mesh = new NativeMesh(await Road.create('undermesh-native'));
mesh.road.patienceMs = PATIENCE_MS;
mesh.engineName = values.engine;
mesh.nextRelease = values.release;
const told = new Set();
if (await timed(OPENING, () => mesh.open()))
  for (const name of names) await timed(name, () => cases[name](mesh));
process.exit(0);

/** What is found meanwhile goes by the name of what is done. @returns {Promise<boolean>} whether it held */
async function timed(name, work) {
  const start = Date.now();
  mesh.findings = new Findings();
  await work().catch((error) => {
    say(error.stack);
    mesh.findings.holds('it came to its end', false, error.message.split('\n')[0]);
  });
  const { held, figures, failures } = mesh.findings.result;
  const seconds = (Date.now() - start) / 1000;
  for (const failure of failures) say(`MISSED ${failure}`);
  say(`${name} took ${seconds.toFixed(0)} s`);
  process.stdout.write(`${MARK}${JSON.stringify({ name, figures, failures, seconds })}\n`);
  if (!held) sayWarnings();
  return held;
}

/** What agent and collector complained of since the last time, and what the module counted: it is gone with the guest. */
function sayWarnings() {
  if (existsSync(COUNTERS)) say(readFileSync(COUNTERS, 'utf8').replaceAll(/^\S+ 0\n/gm, ''));
  for (const program of [`agent-${NODE}`, 'collector'])
    for (const line of mesh.road.log(program).split('\n')) {
      if (told.has(line) || !/"level":[456]0/.test(line)) continue;
      told.add(line);
      say(`${program}: ${line}`);
    }
}
