// SPDX-License-Identifier: Apache-2.0
import { guardBroken } from './checks/breaks.mjs';
import { fullLoad } from './checks/load.mjs';
import { MeshUnderLoad } from './checks/mesh-under-load.mjs';

export const title = 'The guard broken on purpose: the same watch reports what was not steered';
export const command = 'node tools/accept/step.mjs nothing-breaks/5-guard-broken';
export const run = () =>
  MeshUnderLoad.run('undermesh-accept-broken', (mesh) => guardBroken(mesh, { load: fullLoad }));
