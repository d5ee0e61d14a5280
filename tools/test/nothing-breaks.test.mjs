// SPDX-License-Identifier: Apache-2.0
// That nothing breaks, in small: the same checks as `npm run accept -- nothing-breaks`. One after another on one mesh, and
// without a bound for stalls: the machine may be busy.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { collectorGone, guardBroken, restarted, switched } from '../accept/nothing-breaks/checks/breaks.mjs';
import { MeshUnderLoad } from '../accept/nothing-breaks/checks/mesh-under-load.mjs';
import { Findings } from '../accept/road/checks/findings.mjs';
import { Road } from '../testbed/road.mjs';
import { sweep } from '../testbed/testbed.mjs';

const load = { lasting: 50, messageMs: 50, requestsPerS: 100, probesPerS: 200 };
const timeout = 300_000;

let mesh;

beforeAll(async () => {
  mesh = new MeshUnderLoad(await Road.create(`undermesh-test-breaks-${process.pid}`));
  await mesh.open();
}, timeout);

afterAll(async () => {
  await mesh?.close();
  await sweep('undermesh-test-breaks');
}, timeout);

/** What the check found wrong. */
async function failuresOf(check, options) {
  mesh.findings = new Findings();
  await check(mesh, { ...options, load });
  return mesh.findings.result.failures;
}

it(
  'breaks nothing to switch engines',
  async () => expect(await failuresOf(switched, { times: 4 })).toEqual([]),
  timeout,
);
it(
  'breaks nothing to kill and to restart the agent',
  async () => expect(await failuresOf(restarted, { kills: 1, restarts: 1 })).toEqual([]),
  timeout,
);
it(
  'breaks nothing when the collector is away',
  async () => expect(await failuresOf(collectorGone, { times: 1, seconds: 2 })).toEqual([]),
  timeout,
);
it(
  'is told of when the guard is broken on purpose',
  async () => expect(await failuresOf(guardBroken, {})).toEqual([]),
  timeout,
);
