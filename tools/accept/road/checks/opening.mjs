// SPDX-License-Identifier: Apache-2.0
// istio_tcp_connections_opened_total rises while the connection is still open, and opened less closed is what is open.
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startLoadServer } from '../../../testbed/load.mjs';
import { samples } from '../../../testbed/metrics.mjs';
import { enter, joinByBridge } from '../../../testbed/namespaces.mjs';
import { Road } from '../../../testbed/road.mjs';
import { Findings } from './findings.mjs';

const opener = fileURLToPath(new URL('./opener.mjs', import.meta.url));
const addresses = ['10.99.2.1', 'fd99::2:1'];
const port = 9000;
const mostMs = 1000;

/** @param {{ name: string, trials: number }} options */
export async function opening({ name, trials }) {
  const findings = new Findings();
  const road = await Road.create(name);
  try {
    const { left, right } = twoNodes(road.testbed);
    await road.startCollector();
    await road.startAgent('left');
    await road.startAgent('right');
    const server = { namespace: right, cgroup: road.testbed.cgroup('right/shop/server') };
    await startLoadServer(road.testbed, { address: addresses, port }, server);
    const client = startOpener(road.testbed, {
      namespace: left,
      cgroup: road.testbed.cgroup('left/shop/client'),
    });
    await pause(1500);

    const delays = { source: [], destination: [] };
    for (let trial = 0; trial < trials; trial += 1) {
      await pause((trial * 137) % 600); // at any point of the agent's rhythm
      const at = await client.tell(`open ${addresses[trial % 2]} ${port}`);
      const seen = await untilOpened(road, trial + 1);
      for (const reporter of ['source', 'destination']) delays[reporter].push(seen[reporter] - at);
    }
    for (const [reporter, list] of Object.entries(delays)) {
      list.sort((a, b) => a - b);
      findings.tell(`delay at the ${reporter}, median of ${trials}`, `${Math.round(list[trials >> 1])} ms`);
      findings.holds(
        `delay at the ${reporter}, longest of ${trials}: below ${mostMs} ms`,
        list.at(-1) < mostMs,
        `${Math.round(list.at(-1))} ms`,
      );
    }
    await judgeOpen(findings, road, { left, right, open: trials, of: `${trials} opened` });
    const some = Math.floor(trials / 3);
    await client.tell(`close ${some}`);
    await judgeOpen(findings, road, { left, right, open: trials - some, of: `${some} of them closed` });
    await client.tell(`close ${trials}`);
    await judgeOpen(findings, road, { left, right, open: 0, of: 'all closed' });
  } finally {
    await road.destroy();
  }
  return findings.result;
}

function twoNodes(testbed) {
  const [fabric, left, right] = ['fabric', 'left', 'right'].map((part) => testbed.namespace(part));
  joinByBridge(fabric, [
    { namespace: left, addresses: ['10.99.1.1/16', 'fd99::1:1/64'] },
    { namespace: right, addresses: ['10.99.2.1/16', 'fd99::2:1/64'] },
  ]);
  return { left, right };
}

function startOpener(testbed, place) {
  const child = testbed.spawn(process.execPath, [opener], { ...place, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** @returns {Promise<number>} when it was done, Unix ms */
    async tell(line) {
      child.stdin.write(`${line}\n`);
      return JSON.parse((await lines.next()).value).at;
    },
  };
}

const edge = { source_workload: 'client', destination_workload: 'server' };

async function countsOf(road, reporter) {
  const text = await road.metrics();
  const sum = (name) =>
    samples(text, `istio_tcp_connections_${name}_total`, { ...edge, reporter }).reduce(
      (all, { value }) => all + value,
      0,
    );
  return { opened: sum('opened'), closed: sum('closed') };
}

// When each reporter's counter has risen, Unix ms: as seen by a client of /metrics, its own time included.
async function untilOpened(road, count) {
  const seen = {};
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline && Object.keys(seen).length < 2) {
    for (const reporter of ['source', 'destination']) {
      if (seen[reporter] !== undefined) continue;
      const { opened } = await countsOf(road, reporter);
      if (opened >= count) seen[reporter] = performance.timeOrigin + performance.now();
    }
    await pause(5);
  }
  return { source: Number.POSITIVE_INFINITY, destination: Number.POSITIVE_INFINITY, ...seen };
}

// The kernel's word is `ss`: sockets of the client that are established.
async function judgeOpen(findings, road, { left, right, open, of }) {
  await pause(1500);
  const command = ['ss', '-tnH', 'state', 'established'];
  const socketsOf = (namespace) => enter(namespace, command).split('\n').filter(Boolean).length;
  const { source, destination } = {
    source: await countsOf(road, 'source'),
    destination: await countsOf(road, 'destination'),
  };
  findings.equal(`${of}: established sockets, ss in the client’s namespace`, socketsOf(left), open);
  findings.equal(`${of}: opened − closed, reporter source`, source.opened - source.closed, socketsOf(left));
  findings.equal(
    `${of}: opened − closed, reporter destination`,
    destination.opened - destination.closed,
    socketsOf(right),
  );
  const { openConnections } = await road.api('status');
  findings.equal(`${of}: openConnections in /status`, openConnections, open);
}
