// SPDX-License-Identifier: Apache-2.0
import { collectorGone } from './checks/breaks.mjs';
import { fullLoad } from './checks/load.mjs';
import { MeshUnderLoad } from './checks/mesh-under-load.mjs';

export const title = 'The collector gone five times while traffic runs: nobody notices';
export const command = 'node tools/accept/step.mjs nothing-breaks/4-collector-gone';
export const run = () =>
  MeshUnderLoad.run('undermesh-accept-gone', (mesh) =>
    collectorGone(mesh, { times: 5, seconds: 10, load: fullLoad, stallMs: 200 }),
  );
