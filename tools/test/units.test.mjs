// SPDX-License-Identifier: Apache-2.0
// The agent's package on a machine with systemd: the same checks as `npm run accept -- units`, in small.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildPackage } from '../../packaging/debian/build.mjs';
import { packages } from '../../packaging/debian/packages.mjs';
import { MeshUnderLoad } from '../accept/nothing-breaks/checks/mesh-under-load.mjs';
import { livedThrough, look, removed } from '../accept/units/checks/life.mjs';
import { AGENT, UnitRoad } from '../accept/units/checks/unit-road.mjs';
import { sweep } from '../testbed/testbed.mjs';

const load = { lasting: 50, messageMs: 50, requestsPerS: 100, probesPerS: 200 };
const timeout = 300_000;
const epoch = 1_700_000_000;

let road;
let pristine;
const build = (name, out, revision = '1') =>
  buildPackage(
    packages.find((one) => one.name === name),
    { out: join(road.state, out), revision, withNode: false, epoch },
  );

beforeAll(async () => {
  road = await UnitRoad.create(`undermesh-test-units-${process.pid}`, { units: [AGENT] });
  pristine = await look(road.machine);
}, timeout);

afterAll(async () => {
  await road?.destroy();
  await sweep('undermesh-test-units');
}, timeout);

it(
  'is packed alike, byte by byte, from what is alike',
  () => {
    const [first, second] = ['one', 'two'].map((out) => readFileSync(build('undermesh', out)));
    expect(first.equals(second)).toBe(true);
  },
  timeout,
);

it(
  'outlives kills, restarts and an upgrade of its services; removed, leaves nothing',
  async () => {
    await road.install(build(AGENT, 'first'));
    expect(await road.machine.property(AGENT, 'ActiveState')).toBe('inactive');
    expect(await road.machine.property(AGENT, 'UnitFileState')).toBe('enabled');
    const mesh = new MeshUnderLoad(road);
    try {
      await mesh.open();
      await livedThrough(mesh, { times: 1, next: [build(AGENT, 'next', '2')], load });
      await removed(mesh, { pristine });
      expect(mesh.findings.result.failures.join('; ')).toBe('');
    } finally {
      await mesh.close();
    }
  },
  timeout,
);
