// SPDX-License-Identifier: Apache-2.0
// What becomes of connects when no near endpoint is left: they go further where they may, and are refused where they may
// not. Each refused connect is told of, with its reason.
import { setTimeout as pause } from 'node:timers/promises';
import { virtualOf } from './balanced-mesh.mjs';

const REASON = 'no_endpoint_near';
const sum = (list) => list.reduce((total, one) => total + one, 0);

/**
 * @param {import('./balanced-mesh.mjs').BalancedMesh} mesh
 * @param {{ connects: number, perSecond: number }} options
 */
export async function nearGone(mesh, { connects, perSecond }) {
  const { findings, road } = mesh;
  const counted = () => road.metric('undermesh_connect_failures_total', { reason: REASON });
  const before = await counted();
  let refused = 0;
  const probeStrict = async (options) => {
    const { probes } = await probe(mesh, { service: 'near-only', ...options });
    refused += probes.failed.ECONNREFUSED ?? 0;
    return probes;
  };
  for (const service of ['nearest', 'near-only'])
    for (const endpoint of [0, 1]) mesh.tell(service, endpoint, false);
  await road.until('connects are refused', async () => {
    const { made, failed } = await probeStrict({ connects: 10, perSecond: 100 });
    return failed.ECONNREFUSED === made;
  });
  const further = await mesh.arrivals('nearest');
  const { made, failed } = await probeStrict({ connects, perSecond });
  findings.equal('strict: refused', failed.ECONNREFUSED ?? 0, made);
  await road.until('they are told of', async () => (await counted()) - before >= refused).catch(() => {});
  findings.equal('told of in undermesh_connect_failures_total', (await counted()) - before, refused);
  const told = await road.connections(`state=failed&window=600&reason=${REASON}&destination=shop/near-only`);
  findings.equal(
    'in /connections, with the service and who asked',
    told.filter(
      ({ service, source, engine }) =>
        service?.name === 'near-only' && source.workload === 'client' && engine === 'dual-engine',
    ).length,
    await counted(),
  );
  const near = await probe(mesh, { service: 'nearest', connects, perSecond });
  findings.equal('failover: failed', JSON.stringify(near.probes.failed), '{}');
  const after = await mesh.arrivals('nearest');
  const taken = [0, 1, 2, 3].map((endpoint) =>
    sum(after.map((family, i) => family[endpoint].accepted - further[i][endpoint].accepted)),
  );
  findings.equal('failover: to endpoints that are near', taken[0] + taken[1], 0);
  findings.equal('failover: to those that are far', taken[2] + taken[3], near.probes.done);
}

/** So many connects, or some more. */
async function probe(mesh, { service, connects, perSecond }) {
  const client = mesh.client({ target: virtualOf(service), probesPerS: perSecond });
  await pause((connects / perSecond) * 1000 + 200);
  return client.stop();
}
