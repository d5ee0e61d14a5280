// SPDX-License-Identifier: Apache-2.0
// Weights, locality, endpoints that are unready or dead, in small: the same checks as `npm run accept -- balancing`, on one
// mesh, and without a bound for times: the machine may be busy.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { agentDead } from '../accept/balancing/checks/agent-dead.mjs';
import { BalancedMesh } from '../accept/balancing/checks/balanced-mesh.mjs';
import { nearGone } from '../accept/balancing/checks/near-gone.mjs';
import { shares } from '../accept/balancing/checks/shares.mjs';
import { unready } from '../accept/balancing/checks/unready.mjs';
import { Findings } from '../accept/road/checks/findings.mjs';
import { Road } from '../testbed/road.mjs';
import { sweep } from '../testbed/testbed.mjs';

const timeout = 300_000;

let mesh;

beforeAll(async () => {
  mesh = new BalancedMesh(await Road.create(`undermesh-test-balancing-${process.pid}`));
  await mesh.open();
}, timeout);

afterAll(async () => {
  await mesh?.close();
  await sweep('undermesh-test-balancing');
}, timeout);

/** What the check found wrong. */
async function failuresOf(check, options) {
  mesh.findings = new Findings();
  await check(mesh, options);
  return mesh.findings.result.failures;
}

it(
  'goes by weight, in turns, by who has fewest, and by what is near',
  async () => expect(await failuresOf(shares, { connects: 1000, perSecond: 1000, held: 200 })).toEqual([]),
  timeout,
);
it(
  'gives an endpoint that is unready nothing new, and breaks none of its connections',
  async () => {
    const load = { lasting: 20, messageMs: 50, probesPerS: 100 };
    expect(await failuresOf(unready, { rounds: 2, restMs: 1000, load })).toEqual([]);
  },
  timeout,
);
it(
  'goes further where no near endpoint is left and it may, and tells of each connect that it refused',
  async () => expect(await failuresOf(nearGone, { connects: 200, perSecond: 200 })).toEqual([]),
  timeout,
);
it(
  'goes on without an agent while endpoints die, and is taken up again',
  async () => {
    const load = { lasting: 20, messageMs: 50, requestsPerS: 50, probesPerS: 50 };
    const times = { seconds: 14, diesAfterSeconds: 1, dyingSeconds: 7 };
    expect(await failuresOf(agentDead, { ...times, load, failedShare: 0.5 })).toEqual([]);
  },
  timeout,
);
