// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { buildPackage, epochOf } from '../../../packaging/debian/build.mjs';
import { packages } from '../../../packaging/debian/packages.mjs';
import { fullLoad } from '../nothing-breaks/checks/load.mjs';
import { MeshUnderLoad } from '../nothing-breaks/checks/mesh-under-load.mjs';
import { livedThrough, look, removed } from './checks/life.mjs';
import { UnitRoad } from './checks/unit-road.mjs';

export const title =
  'Packages installed, killed and restarted five times, upgraded and removed under a real systemd while traffic runs: nothing fails, nothing is left';
export const command = 'node tools/accept/step.mjs units/1-life';

export async function run() {
  const road = await UnitRoad.create('undermesh-accept-units');
  const mesh = new MeshUnderLoad(road);
  try {
    const build = (revision) =>
      packages
        .filter(({ unit }) => unit)
        .map((one) =>
          buildPackage(one, { out: join(road.state, revision), revision, withNode: false, epoch: epochOf() }),
        );
    const pristine = await look(road.machine);
    await road.install(...build('1'));
    await mesh.open();
    await livedThrough(mesh, { times: 5, next: build('2'), load: fullLoad, stallMs: 200 });
    await removed(mesh, { pristine });
  } finally {
    await mesh.close();
  }
  return mesh.findings.result;
}
