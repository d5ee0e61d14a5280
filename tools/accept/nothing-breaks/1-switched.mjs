// SPDX-License-Identifier: Apache-2.0
import { switched } from './checks/breaks.mjs';
import { fullLoad } from './checks/load.mjs';
import { MeshUnderLoad } from './checks/mesh-under-load.mjs';

export const title = 'Engines switched 100 times while traffic runs: nothing fails, nothing is reset';
export const command = 'node tools/accept/step.mjs nothing-breaks/1-switched';
export const run = () =>
  MeshUnderLoad.run('undermesh-accept-switch', (mesh) =>
    switched(mesh, { times: 100, load: fullLoad, stallMs: 200, switchMs: 250 }),
  );
