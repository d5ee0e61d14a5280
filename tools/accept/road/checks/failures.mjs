// SPDX-License-Identifier: Apache-2.0
// Connects that fail: each shows with its reason in the list, on the right edge, and in /metrics.
import { runLoadClient, startLoadServer } from '../../../testbed/load.mjs';
import { samples } from '../../../testbed/metrics.mjs';
import { addBlackhole, joinByBridge, setSysctls, tcpCounters } from '../../../testbed/namespaces.mjs';
import { Road } from '../../../testbed/road.mjs';
import { Findings } from './findings.mjs';

const client = { ipv4: '10.99.1.1', ipv6: 'fd99::1:1' };

// Where each kind of failure is made. `silent` addresses are the server's own, but the client's neighbour table sends
// what is for them into the void; nobody has the `absent` one.
const kinds = [
  {
    reason: 'refused',
    destination: 'closed',
    loads: ['10.99.2.1', 'fd99::2:1'].map((address) => ({ address, port: 9100 })),
    counted: (made) => made.failed.ECONNREFUSED,
  },
  {
    reason: 'connect_timed_out',
    destination: 'silent',
    loads: ['10.99.2.2', 'fd99::2:2'].map((address) => ({ address, port: 9200 })),
    counted: (made) => made.failed.ETIMEDOUT,
  },
  {
    reason: 'connect_aborted',
    destination: 'ignored',
    loads: ['10.99.2.2', 'fd99::2:2'].map((address) => ({ address, port: 9300, giveUp: 150 })),
    counted: (made) => made.abandoned,
  },
  {
    reason: 'connect_unreachable',
    destination: '10.99.2.77',
    external: true,
    loads: [{ address: '10.99.2.77', port: 9400 }],
    counted: (made) => made.failed.EHOSTUNREACH,
  },
];

/** @param {{ name: string, each: number }} options `each`: connects per kind and family */
export async function failures({ name, each }) {
  const findings = new Findings();
  const road = await Road.create(name);
  try {
    const { left, right } = twoNodes(road.testbed);
    await road.startCollector();
    await road.startAgent('left');
    await road.startAgent('right');
    const servers = await listen(road.testbed, right);
    const place = { namespace: left, cgroup: road.testbed.cgroup('left/shop/client') };
    // One that succeeds, so that a failure beside it is not all that its edge knows.
    const open = { address: '10.99.2.1', port: 9000, connections: 5 };
    await runLoadClient(road.testbed, open, place);
    await servers.closed.stop();
    const before = tcpCounters(left);
    const made = await Promise.all(
      kinds.map(async ({ loads, counted }) => {
        const run = (load) =>
          runLoadClient(road.testbed, { ...load, connections: each, concurrency: each }, place);
        const results = await Promise.all(loads.map(run));
        return results.reduce((sum, result) => sum + (counted(result) ?? 0), 0);
      }),
    );
    const total = made.reduce((sum, count) => sum + count, 0);
    findings.equal(
      'connects that failed: load program and ActiveOpens agree',
      total,
      tcpCounters(left).activeOpens - before.activeOpens,
    );
    const { records } = await road.settled(total + 10);
    findings.equal('ends stored: the failures and both ends of 5 that succeeded', records.stored, total + 10);

    const edges = await road.settledEdges(total, ({ failed }) => failed.total);
    for (const [index, kind] of kinds.entries()) {
      await judge(findings, road, { ...kind, made: made[index], expected: each * kind.loads.length, edges });
    }
    const all = await failedItems(road);
    findings.equal('failed connections in the API', all.length, total);
    findings.equal(
      'undermesh_connect_failures_total, all of it',
      await road.metric('undermesh_connect_failures_total'),
      total,
    );
    findings.equal(
      'failures on edges, all of them',
      edges.reduce((sum, { traffic }) => sum + traffic.failed.total, 0),
      total,
    );
    for (const server of [servers.silent, servers.ignored, servers.open]) await server.stop();
  } finally {
    await road.destroy();
  }
  return findings.result;
}

function twoNodes(testbed) {
  const [fabric, left, right] = ['fabric', 'left', 'right'].map((part) => testbed.namespace(part));
  joinByBridge(fabric, [
    { namespace: left, addresses: [`${client.ipv4}/16`, `${client.ipv6}/64`] },
    { namespace: right, addresses: ['10.99.2.1/16', '10.99.2.2/16', 'fd99::2:1/64', 'fd99::2:2/64'] },
  ]);
  setSysctls(left, {
    'net.ipv4.tcp_syn_retries': 1,
    'net/ipv4/neigh/eth0/retrans_time_ms': 100, // an absent neighbour is given up before the SYN times out
  });
  for (const address of ['10.99.2.2', 'fd99::2:2']) addBlackhole(left, address);
  return { left, right };
}

async function listen(testbed, namespace) {
  const start = (workload, address, port) =>
    startLoadServer(
      testbed,
      { address, port },
      { namespace, cgroup: testbed.cgroup(`right/shop/${workload}`) },
    );
  const servers = {
    open: await start('open', ['10.99.2.1'], 9000),
    closed: await start('closed', ['10.99.2.1', 'fd99::2:1'], 9100),
    silent: await start('silent', ['10.99.2.2', 'fd99::2:2'], 9200),
    ignored: await start('ignored', ['10.99.2.2', 'fd99::2:2'], 9300),
  };
  await new Promise((resolve) => setTimeout(resolve, 2500)); // listeners are looked at once a second
  return servers;
}

const failedItems = (road) => road.connections('state=failed&window=3600');

async function judge(findings, road, { reason, destination, external, made, expected, edges }) {
  const line = (what) => `${reason}, client → ${destination}: ${what}`;
  findings.equal(line('made (load program)'), made, expected);
  const items = (await failedItems(road)).filter((item) => item.reason === reason);
  findings.equal(line('in /connections?state=failed'), items.length, made);
  findings.equal(
    line('of them with the right names'),
    items.filter((item) => item.source.workload === 'client' && item.destination.workload === destination)
      .length,
    made,
  );
  const edge = edges.filter((one) => one.sourceName === 'client' && one.destinationName === destination);
  findings.equal(line('edges'), edge.length, 1);
  findings.equal(line('on the edge'), edge[0]?.traffic.failed.reasons[reason], made);
  findings.equal(line('of the edge’s failures'), edge[0]?.traffic.failed.total, made);
  const labels = {
    source_workload: 'client',
    destination_workload: external ? 'unknown' : destination, // as Istio names whom nobody watches
    reason,
  };
  const series = samples(await road.metrics(), 'undermesh_connect_failures_total', labels);
  findings.equal(
    line('in /metrics'),
    series.reduce((sum, { value }) => sum + value, 0),
    made,
  );
  const page = await road.api(`edges?window=3600&source=${encodeURIComponent(edge[0]?.source ?? '')}`);
  const same = page.items.find(({ id }) => id === edge[0]?.id);
  findings.equal(line('on the edge in /edges'), same?.traffic.failed.reasons[reason], made);
}
