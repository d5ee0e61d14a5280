// SPDX-License-Identifier: Apache-2.0
import { BalancedMesh } from './checks/balanced-mesh.mjs';
import { nearGone } from './checks/near-gone.mjs';
import { shares } from './checks/shares.mjs';

export const title =
  '200,000 connects to five services, IPv4 and IPv6: by weight, in turns, to who has fewest, to what is near';
export const command = 'node tools/accept/step.mjs balancing/1-shares';
export const run = () =>
  BalancedMesh.run('undermesh-accept-shares', async (mesh) => {
    await shares(mesh, { connects: 40_000, perSecond: 2000, held: 2000 });
    await nearGone(mesh, { connects: 20_000, perSecond: 2000 });
  });
