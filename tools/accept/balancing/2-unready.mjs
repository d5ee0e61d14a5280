// SPDX-License-Identifier: Apache-2.0
import { BalancedMesh } from './checks/balanced-mesh.mjs';
import { unready } from './checks/unready.mjs';

export const title =
  'An endpoint marked unready gets no new connection within 1 s and loses none of its old ones, twenty times';
export const command = 'node tools/accept/step.mjs balancing/2-unready';
export const run = () =>
  BalancedMesh.run('undermesh-accept-unready', (mesh) =>
    unready(mesh, {
      rounds: 20,
      restMs: 1500,
      load: { lasting: 200, messageMs: 50, probesPerS: 1000 },
      withinMs: 1000,
    }),
  );
