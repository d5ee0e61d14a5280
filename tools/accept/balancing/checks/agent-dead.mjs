// SPDX-License-Identifier: Apache-2.0
// An agent that is dead for long, while one endpoint dies with its node and another one's process ends: the kernel sets
// both aside, and clients go on. Then an agent takes up what is there.
import { setTimeout as pause } from 'node:timers/promises';
import { enter } from '../../../testbed/namespaces.mjs';
import { addressOf, FAMILIES, NODE, virtualOf } from './balanced-mesh.mjs';

const SERVICE = 'in-turns';
/** Places of the endpoint whose addresses vanish (the others' would go with the first one's), and of the one that refuses. */
const [GONE, REFUSING, ...LIVING] = [1, 2, 0, 3];
const counts = (arrivals) => arrivals.map((family) => family.map(({ accepted }) => accepted));

/**
 * @param {import('./balanced-mesh.mjs').BalancedMesh} mesh
 * @param {{ seconds: number, diesAfterSeconds: number, dyingSeconds: number, load: object, failedShare: number }} options `failedShare`:
 *   of requests, at most, from a while after the deaths to the end
 */
export async function agentDead(mesh, { seconds, diesAfterSeconds, dyingSeconds, load, failedShare }) {
  const { findings, road } = mesh;
  const before = mesh.client({ target: virtualOf(SERVICE), ...load });
  await pause(2000);
  await road.killAgent(NODE);
  await pause(diesAfterSeconds * 1000);
  judgeWhole(findings, await before.stop());

  const dying = mesh.client({ target: virtualOf(SERVICE), requestsPerS: load.requestsPerS });
  await pause(500);
  await mesh.killEndpoint(REFUSING);
  for (const family of FAMILIES) {
    const bits = family === 'IPv6' ? 64 : 16;
    enter(mesh.servers, ['ip', 'address', 'delete', `${addressOf(GONE, family)}/${bits}`, 'dev', 'eth0']);
  }
  await pause(dyingSeconds * 1000);
  tellDying(findings, { seconds: dyingSeconds, ...(await dying.stop()) });

  const left = seconds - diesAfterSeconds - dyingSeconds;
  const from = counts(await mesh.arrivals(SERVICE, LIVING));
  const after = mesh.client({ target: virtualOf(SERVICE), ...load });
  await pause(left * 1000);
  const to = counts(await mesh.arrivals(SERVICE, LIVING));
  const { requests } = await after.stop();
  const failed = requests.made - requests.done;
  findings.tell('seconds without an agent', seconds);
  findings.tell('requests with two of four endpoints dead', requests.made);
  findings.holds(
    `of them failed, as one in a while tries whether they are back: at most ${failedShare * 100} %`,
    failed <= failedShare * requests.made,
    `${failed}: ${JSON.stringify(requests.failed)}`,
  );
  for (const [family, name] of FAMILIES.entries()) {
    const taken = to[family].map((count, i) => count - from[family][i]);
    findings.holds(
      `the others share what comes, ${name}`,
      Math.min(...taken) > 0.3 * Math.max(...taken),
      taken.join(', '),
    );
  }

  await mesh.startAgent();
  const drift = async () => (await road.api('engines')).items[0]?.engine;
  await road.until('the engine is taken up', async () => (await drift())?.state === 'in-force');
  findings.equal('drift that the next agent finds', JSON.stringify((await drift()).drift), '[]');
  const setAside = await road.agentMetric(NODE, 'mesh_events_total', { event: 'set_aside' });
  findings.holds('times that the kernel set an endpoint aside', setAside >= 4, setAside);
  for (const endpoint of [GONE, REFUSING]) mesh.tell(SERVICE, endpoint, false);
  const last = mesh.client({ target: virtualOf(SERVICE), probesPerS: 100 });
  await pause(1500); // the manifest is in the kernel
  await last.stop();
  const final = mesh.client({ target: virtualOf(SERVICE), probesPerS: 100 });
  await pause(2000);
  const { probes } = await final.stop();
  findings.equal(
    'connects that failed once the dead are out of the manifests',
    JSON.stringify(probes.failed),
    '{}',
  );
}

/** With the agent dead and every endpoint alive nothing is amiss. */
function judgeWhole(findings, { lasting, requests, probes, messages, outOfOrder }) {
  for (const [what, tally] of Object.entries({ 'connections kept': lasting, requests, probes })) {
    findings.tell(`agent dead, ${what}`, tally.made);
    findings.equal(`agent dead, ${what} that failed`, JSON.stringify(tally.failed), '{}');
  }
  findings.tell('messages both ways', messages);
  findings.equal('messages out of order', outOfOrder, 0);
}

function tellDying(findings, { seconds, requests }) {
  findings.tell(
    `requests that failed in the ${seconds} s in which two endpoints died`,
    `${requests.made - requests.done} of ${requests.made}: ${JSON.stringify(requests.failed)}`,
  );
}
