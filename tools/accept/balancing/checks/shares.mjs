// SPDX-License-Identifier: Apache-2.0
// Whom connects go to: by weight, in turns, to who has the fewest, and to what is near.

import { FAMILIES, NODE, SERVICES, virtualOf, WEIGHTS } from './balanced-mesh.mjs';
import { chiSquare, chiSquareLimit } from './chi-square.mjs';

const EVEN = WEIGHTS.map(() => 1);
const sum = (list) => list.reduce((total, one) => total + one, 0);
const counts = (arrivals) => arrivals.map(({ accepted }) => accepted);

/**
 * Connects that are closed at once, so many to each service, and some that are held.
 * @param {import('./balanced-mesh.mjs').BalancedMesh} mesh
 * @param {{ connects: number, perSecond: number, held: number }} options
 */
export async function shares(mesh, { connects, perSecond, held }) {
  const { findings } = mesh;
  await heldApart(mesh, held);
  const before = new Map(await all(mesh));
  const client = mesh.client({
    target: SERVICES.flatMap(({ name }) => virtualOf(name)),
    probesPerS: perSecond,
  });
  const enough = SERVICES.length * connects;
  await mesh.road.until(
    `${enough} connects are made`,
    async () =>
      sum((await all(mesh)).flatMap(([, families]) => families.flat())) - sum([...before.values()].flat(2)) >=
      enough,
    3_600_000,
  );
  const { probes } = await client.stop();
  findings.tell('connects', probes.made);
  findings.equal('of them failed', JSON.stringify(probes.failed), '{}');
  const after = await all(mesh);
  const made = after.map(([name, families]) => [
    name,
    families.map((ofFamily, family) => ofFamily.map((count, i) => count - before.get(name)[family][i])),
  ]);
  findings.equal('taken by endpoints', sum(made.flatMap(([, families]) => families.flat())), probes.done);
  for (const [name, families] of made) {
    for (const [family, taken] of families.entries())
      judge(findings, { name, family: FAMILIES[family], taken });
  }
}

/** Connections that stay open: the one with the fewest of two gets the next, so that they are far evener than by chance. */
async function heldApart(mesh, held) {
  const client = mesh.client({ target: virtualOf('least'), lasting: held, messageMs: 1000 });
  const { road } = mesh;
  await road.until('they are held', async () => sum((await mesh.arrivals('least')).flatMap(counts)) >= held);
  for (const [family, arrivals] of (await mesh.arrivals('least')).entries()) {
    const open = counts(arrivals);
    const apart = Math.max(...open) - Math.min(...open);
    const shown = open.join(', ');
    mesh.findings.holds(
      `least connections, ${FAMILIES[family]}: held by each, at most 8 apart`,
      apart <= 8,
      shown,
    );
  }
  await client.stop();
  await road.until('they are over', async () => (await road.agentMetric(NODE, 'connections_open')) === 0);
}

async function all(mesh) {
  const list = [];
  for (const { name } of SERVICES) list.push([name, (await mesh.arrivals(name)).map(counts)]);
  return list;
}

function judge(findings, { name, family, taken }) {
  const what = `${name}, ${family}`;
  const shown = taken.map((count) => count.toLocaleString('en')).join(', ');
  const fits = (title, counted, by) => {
    const [found, limit] = [chiSquare(counted, by), chiSquareLimit(counted.length - 1)];
    findings.holds(
      `${what}: ${title}, chi-square within ${limit.toFixed(1)}`,
      found <= limit,
      `${found.toFixed(2)} of ${shown}`,
    );
  };
  switch (name) {
    case 'weighted':
      return fits(`by weight ${WEIGHTS.join(':')}`, taken, WEIGHTS);
    case 'in-turns':
      return findings.holds(`${what}: at most 1 apart`, Math.max(...taken) - Math.min(...taken) <= 1, shown);
    case 'least':
      return fits('no less even than by chance', taken, EVEN);
    default:
      findings.equal(`${what}: to endpoints that are far`, taken[2] + taken[3], 0);
      return fits('those that are near, evenly', taken.slice(0, 2), [1, 1]);
  }
}
