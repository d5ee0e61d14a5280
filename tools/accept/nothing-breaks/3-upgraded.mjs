// SPDX-License-Identifier: Apache-2.0
import { fullLoad } from './checks/load.mjs';
import { MeshUnderLoad } from './checks/mesh-under-load.mjs';
import { upgraded } from './checks/upgraded.mjs';

export const title =
  'Ten upgrades and downgrades between two releases whose maps differ, killed at every step: nothing fails';
export const command = 'node tools/accept/step.mjs nothing-breaks/3-upgraded';
export const run = () =>
  MeshUnderLoad.run('undermesh-accept-upgrade', (mesh) =>
    upgraded(mesh, { times: 10, killsAtMs: [300, 600, 900, 1200, 1500], load: fullLoad, stallMs: 200 }),
  );
