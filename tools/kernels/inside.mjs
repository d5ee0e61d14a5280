// SPDX-License-Identifier: Apache-2.0
// What is done on a kernel under test: `node inside.mjs STEP...`. The outcome of each step is one marked line of JSON
// among whatever the programs of the step say.
import { kernelFeatures, libbpfVersion } from '@undermesh/libbpf-ts';
import { checkObjects } from './checks/objects.mjs';
import { checkRoad } from './checks/road.mjs';
import { checkTests } from './checks/tests.mjs';
import { MARK } from './steps.mjs';

/** For one test: without hardware help everything takes 10 to 30 times as long, beside other work longer still. */
const TEST_PATIENCE_MS = 600_000;

/** @type {Record<typeof import('./steps.mjs').stepNames[number], () => unknown>} each answers what JSON can say */
const steps = {
  features: () => ({ libbpf: libbpfVersion(), features: kernelFeatures() }),
  objects: () => checkObjects(),
  tests: () => checkTests({ patienceMs: TEST_PATIENCE_MS }),
  road: () => checkRoad(),
};

for (const step of process.argv.slice(2)) {
  const start = Date.now();
  const outcome = await Promise.resolve()
    .then(steps[step])
    .then(
      (result) => ({ result }),
      (error) => ({ error: error.message }),
    );
  const seconds = (Date.now() - start) / 1000;
  process.stdout.write(`${MARK}${JSON.stringify({ step, seconds, ...outcome })}\n`);
}
