// SPDX-License-Identifier: Apache-2.0
// What nothing may break, in sizes that a guest without hardware help carries: an agent takes two minutes to start. Requests go by routes all the while.
import { collectorGone, restarted, switched } from '../../accept/nothing-breaks/checks/breaks.mjs';
import { NODE } from '../../accept/nothing-breaks/checks/mesh-under-load.mjs';
import { root } from '../../paths.mjs';
import { curl } from '../clients/curl.mjs';
import { WAYS } from '../mesh.mjs';
import { routed } from '../requests.mjs';

const load = { lasting: 40, messageMs: 500, requestsPerS: 20, probesPerS: 20 };

/** To no engine, where addresses are translated, and to the dual engine, which knows no routes, and back. */
export async function switchEngines(mesh) {
  await switched(mesh, { times: 12, others: ['off', 'dual-engine'], load: { ...load, routed: false } });
  await askAll(mesh, 'after the last switch');
}

export async function restartAgents(mesh) {
  await restarted(mesh, { kills: 1, restarts: 1, load });
  await askAll(mesh, 'after the last start');
}

/** To a release whose maps differ, and back. */
export async function upgradeAgents(mesh) {
  const { road, findings } = mesh;
  const result = await mesh.during(load, async () => {
    for (const release of [mesh.nextRelease, root]) {
      await road.killAgent(NODE);
      await mesh.startAgent({}, { release });
      await road.until(`the engine is in force`, async () => {
        const { state, observed, drift } = await mesh.engine();
        return state === 'in-force' && observed === mesh.engineName && drift.length === 0;
      });
    }
  });
  findings.tell('releases replaced', 2);
  mesh.judge(result);
  await askAll(mesh, 'after the last one');
}

export async function loseCollector(mesh) {
  await collectorGone(mesh, { times: 2, seconds: 5, load });
}

async function askAll(mesh, when) {
  const answers = await curl(mesh, WAYS.IPv4('front'), routed);
  const wrong = routed.filter(({ answer }, at) => answer !== answers[at]).map(({ what }) => what);
  mesh.findings.equal(`routes that are not followed ${when}`, wrong.join(', ') || 'none', 'none');
}
