// SPDX-License-Identifier: Apache-2.0
// Endpoints that are marked unready while traffic runs: how long until the last new connection, and what becomes of those
// that they have.
import { setTimeout as pause } from 'node:timers/promises';
import { virtualOf, WEIGHTS } from './balanced-mesh.mjs';

const SERVICE = 'weighted';
/** Between two writes of a manifest that has nothing to do with it. */
const CHURN_MS = 50;

/**
 * @param {import('./balanced-mesh.mjs').BalancedMesh} mesh
 * @param {{ rounds: number, restMs: number, load: { lasting: number, messageMs: number, probesPerS: number },
 *   withinMs?: number }} options every other round with other manifests being written all the time; `withinMs` is
 *   only told when it is undefined
 */
export async function unready(mesh, { rounds, restMs, load, withinMs }) {
  const { findings, road } = mesh;
  const client = mesh.client({ target: virtualOf(SERVICE), ...load });
  const took = { quiet: [], churned: [] };
  let result;
  try {
    await serving(mesh, WEIGHTS.keys());
    for (let round = 0; round < rounds; round += 1) {
      const endpoint = round % WEIGHTS.length;
      const churned = round % 2 === 1;
      const churn = churned ? setInterval(() => mesh.tell('near-only', 3, true), CHURN_MS) : undefined;
      try {
        await pause(churned ? 300 : 0);
        const toldMs = mesh.tell(SERVICE, endpoint, false);
        await road.until('nothing new comes', async () => {
          const before = await newest(mesh, endpoint);
          await pause(restMs);
          return (await newest(mesh, endpoint)) === before;
        });
        took[churned ? 'churned' : 'quiet'].push(Math.max(0, (await newest(mesh, endpoint)) - toldMs));
      } finally {
        clearInterval(churn);
      }
      mesh.tell(SERVICE, endpoint, true);
      await serving(mesh, [endpoint]);
    }
  } finally {
    result = await client.stop();
  }
  findings.tell('endpoints marked unready', rounds);
  for (const [how, list] of Object.entries(took)) {
    if (list.length === 0) continue;
    const [worst, mean] = [Math.max(...list), list.reduce((total, one) => total + one, 0) / list.length];
    const what =
      how === 'quiet' ? 'from the file to the last new connection' : 'the same while other files are written';
    const shown = `at most ${worst.toFixed(0)} ms, ${mean.toFixed(0)} ms on average`;
    if (withinMs === undefined) findings.tell(what, shown);
    else findings.holds(`${what}, within ${withinMs} ms`, worst <= withinMs, shown);
  }
  judge(findings, result);
}

/** Old connections go on, with every byte in order; no connect fails. */
function judge(findings, { lasting, probes, messages, outOfOrder }) {
  findings.tell('connections kept all the while', lasting.made);
  findings.equal('of these broken', JSON.stringify(lasting.failed), '{}');
  findings.tell('messages both ways', messages);
  findings.equal('messages out of order', outOfOrder, 0);
  findings.tell('longest that one took', `${lasting.longestMs} ms`);
  findings.tell('new connections', probes.made);
  findings.equal('of these failed', JSON.stringify(probes.failed), '{}');
  findings.equal('without an answer', probes.made - probes.done, 0);
}

/** When an endpoint was connected to last, over either family. */
const newest = async (mesh, endpoint) =>
  Math.max(...(await mesh.arrivals(SERVICE)).map((family) => family[endpoint].lastMs));

/** Waits until these endpoints get new connections. */
async function serving(mesh, endpoints) {
  for (const endpoint of endpoints) {
    const sinceMs = Date.now();
    await mesh.road.until(
      `endpoint ${endpoint} serves`,
      async () => (await newest(mesh, endpoint)) > sinceMs,
    );
  }
}
