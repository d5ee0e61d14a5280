// SPDX-License-Identifier: Apache-2.0
import { agentDead } from './checks/agent-dead.mjs';
import { BalancedMesh } from './checks/balanced-mesh.mjs';

export const title =
  'The agent is dead for ten minutes while one endpoint dies and another one refuses: clients go on';
export const command = 'node tools/accept/step.mjs balancing/3-agent-dead';
export const run = () =>
  BalancedMesh.run('undermesh-accept-dead', (mesh) =>
    agentDead(mesh, {
      seconds: 600,
      diesAfterSeconds: 60,
      dyingSeconds: 15,
      load: { lasting: 100, messageMs: 50, requestsPerS: 200, probesPerS: 100 },
      failedShare: 0.001,
    }),
  );
