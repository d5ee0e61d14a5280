// SPDX-License-Identifier: Apache-2.0
import { restarted } from './checks/breaks.mjs';
import { fullLoad } from './checks/load.mjs';
import { MeshUnderLoad } from './checks/mesh-under-load.mjs';

export const title =
  'The agent killed 20 times and restarted 20 times while traffic runs: every connect is steered';
export const command = 'node tools/accept/step.mjs nothing-breaks/2-restarted';
export const run = () =>
  MeshUnderLoad.run('undermesh-accept-restart', (mesh) =>
    restarted(mesh, { kills: 20, restarts: 20, load: fullLoad, stallMs: 200 }),
  );
