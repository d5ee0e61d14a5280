// SPDX-License-Identifier: Apache-2.0
// A stock Prometheus scrapes the collector: its answers are the load's own figures.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { bookshop, createNodes, demoIdentity, demoName } from '../../../demo.mjs';
import { environment, root } from '../../../paths.mjs';
import { runLoadClient, startLoadServer } from '../../../testbed/load.mjs';
import { joinByBridge } from '../../../testbed/namespaces.mjs';
import { checkMetrics, freePort, startPrometheus } from '../../../testbed/prometheus.mjs';
import { Road } from '../../../testbed/road.mjs';
import { Findings } from './findings.mjs';

const byEdge = 'sum by (source_workload, destination_workload)';

/**
 * A steady load between two nodes.
 * @param {{ name: string, perSecond: number, seconds: number, window: number, tolerance: number }} options `window`:
 *   that of rate(), in seconds; the load goes on for `seconds`, longer than that
 */
export async function steadyLoad({ name, perSecond, seconds, window, tolerance }) {
  const findings = new Findings();
  const road = await Road.create(name);
  const [send, receive] = [1000, 5000];
  try {
    const [fabric, left, right] = ['fabric', 'left', 'right'].map((part) => road.testbed.namespace(part));
    joinByBridge(fabric, [
      { namespace: left, addresses: ['10.99.1.1/16'] },
      { namespace: right, addresses: ['10.99.2.1/16'] },
    ]);
    await road.startCollector();
    const agentPort = await freePort();
    await road.startAgent('left', { listen: { port: agentPort } });
    await road.startAgent('right');
    const prometheus = await startPrometheus(road);
    const server = { namespace: right, cgroup: road.testbed.cgroup('right/shop/server') };
    await startLoadServer(road.testbed, { address: '10.99.2.1', port: 9000 }, server);
    const load = { address: '10.99.2.1', port: 9000, rate: perSecond, send, receive };
    const running = runLoadClient(
      road.testbed,
      { ...load, connections: perSecond * seconds, concurrency: 256 },
      { namespace: left, cgroup: road.testbed.cgroup('left/shop/client') },
    );
    await pause((seconds - 2) * 1000);
    const rateOf = async (metric, reporter) => {
      const rates = await prometheus.query(`${byEdge} (rate(${metric}{reporter="${reporter}"}[${window}s]))`);
      const edge = rates.filter(
        ({ labels }) => labels.source_workload === 'client' && labels.destination_workload === 'server',
      );
      findings.equal(`edges of ${metric}, reporter ${reporter}`, rates.length, 1);
      return edge[0]?.value ?? 0;
    };
    for (const reporter of ['source', 'destination']) {
      for (const [metric, perConnection] of [
        ['istio_tcp_sent_bytes_total', receive],
        ['istio_tcp_received_bytes_total', send],
        ['istio_tcp_connections_opened_total', 1],
        ['istio_tcp_connections_closed_total', 1],
      ]) {
        const expected = perSecond * perConnection;
        const found = await rateOf(metric, reporter);
        findings.near(`${byEdge} (rate(${metric}{reporter="${reporter}"}[${window}s]))`, found, {
          expected,
          tolerance,
        });
      }
    }
    const made = await running;
    findings.equal('connections made (load program)', made.completed, perSecond * seconds);
    await road.settled(2 * perSecond * seconds);
    await pause(6000); // an end waits up to three seconds for its partner; then two more scrapes
    for (const [metric, expected] of [
      ['istio_tcp_sent_bytes_total', made.bytesReceived],
      ['istio_tcp_received_bytes_total', made.bytesSent],
      ['istio_tcp_connections_opened_total', made.established],
      ['istio_tcp_connections_closed_total', made.completed],
    ]) {
      for (const reporter of ['source', 'destination']) {
        const [one] = await prometheus.query(`sum(${metric}{reporter="${reporter}"})`);
        findings.equal(`${metric}, reporter ${reporter}, in Prometheus at the end`, one?.value, expected);
      }
    }
    findings.holds(
      'promtool check metrics, collector: clean',
      checkMetrics(await road.metrics()) === '',
      checkMetrics(await road.metrics()),
    );
    const ofAgent = await (await fetch(`http://127.0.0.1:${agentPort}/metrics`)).text();
    findings.holds(
      'promtool check metrics, agent: clean',
      checkMetrics(ofAgent) === '',
      checkMetrics(ofAgent),
    );
    const [failedScrapes] = await prometheus.query('count_over_time((up == 0)[1h:1s]) or vector(0)');
    findings.equal('scrapes that failed', failedScrapes?.value ?? 0, 0);
    await prometheus.stop();
  } finally {
    await road.destroy();
  }
  return findings.result;
}

/**
 * The demo's bookshop: the edges that Prometheus tells are the calls that its processes counted.
 * @param {{ name: string, rate: number, seconds: number }} options `rate`: requests per second of its shoppers
 */
export async function bookshopEdges({ name, rate, seconds }) {
  const findings = new Findings();
  const { testbed, nodes } = await createNodes({ add() {} }, { name });
  const road = Road.on(testbed);
  try {
    const shop = await bookshop();
    await road.startCollector();
    const identity = demoIdentity.map(({ cgroup }) => ({ cgroup: cgroup.replace(demoName, name) }));
    for (const node of nodes) await road.startAgent(node.name, { identity });
    const prometheus = await startPrometheus(road);
    const processes = await openShop(road, { shop, rate });
    await pause(seconds * 1000);
    const during = await prometheus.query(
      `${byEdge} (rate(istio_tcp_sent_bytes_total{reporter="source"}[1m])) > 0`,
    );
    await stop(processes.filter(({ id }) => id === 'shoppers'));
    await pause(7000); // calls under way end, connections of one call with them
    const { items } = await road.api('edges?level=workload&window=3600&limit=1000');
    await stop(processes.filter(({ id }) => id !== 'shoppers'));
    await pause(4000);
    const calls = callsOf(road, shop);
    judgeEdges(findings, { shop, during });
    await judgeCalls(findings, prometheus, {
      calls,
      quiet: items.filter(({ traffic }) => traffic.open === 0),
    });
    await prometheus.stop();
  } finally {
    await road.destroy();
  }
  return findings.result;
}

const shopProgram = join(root, 'examples/bookshop/dist/main.js');

/** Opens the bookshop, the shoppers last. */
async function openShop(road, { shop, rate }) {
  const processes = [];
  for (const { id, node, namespace } of [...shop.workloads].sort(
    (a, b) => (a.id === 'shoppers') - (b.id === 'shoppers'),
  )) {
    const countsFile = join(road.state, `${id}.json`);
    const given = shop.assignment(id, { placeOf: shop.demoPlace, rate, countsFile, retiredAddress: true });
    const child = road.testbed.spawn(process.execPath, [shopProgram], {
      namespace: `${road.testbed.name}-${node}`,
      cgroup: road.testbed.cgroup(join(node, namespace, id)),
      env: { ...environment, BOOKSHOP: JSON.stringify(given) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data'); // "ID ready"
    processes.push({ id, child });
  }
  return processes;
}

async function stop(processes) {
  const ended = processes.map(({ child }) => once(child, 'exit'));
  for (const { child } of processes) child.kill('SIGTERM');
  await Promise.all(ended);
}

/** What each workload counted towards each service, versions summed up; named as Prometheus names them. */
function callsOf(road, shop) {
  const watched = (service) =>
    shop.workloads.some((one) => one.service === service && one.node !== shop.outside);
  const calls = new Map();
  for (const { id, service: caller } of shop.workloads) {
    const counts = JSON.parse(readFileSync(join(road.state, `${id}.json`), 'utf8'));
    for (const [callee, call] of Object.entries(counts.calls)) {
      const key = `${caller} → ${callee}`;
      const sum = calls.get(key) ?? {
        source: watched(caller) ? caller : 'unknown',
        destination: watched(callee) ? callee : 'unknown',
        connects: 0,
        established: 0,
        bytesSent: 0,
        bytesReceived: 0,
        failed: {},
      };
      for (const figure of ['connects', 'established', 'bytesSent', 'bytesReceived'])
        sum[figure] += call[figure];
      for (const [code, count] of Object.entries(call.failed))
        sum.failed[code] = (sum.failed[code] ?? 0) + count;
      calls.set(key, sum);
    }
  }
  return calls;
}

function judgeEdges(findings, { shop, during }) {
  const nameOf = (service) =>
    shop.workloads.some((one) => one.service === service && one.node !== shop.outside) ? service : 'unknown';
  const expected = shop.calls
    .map(([caller, callee]) => `${nameOf(caller)} → ${nameOf(callee)}`)
    .filter((edge) => !edge.startsWith('unknown'));
  const found = during.map(({ labels }) => `${labels.source_workload} → ${labels.destination_workload}`);
  findings.equal(
    `${byEdge} (rate(istio_tcp_sent_bytes_total{reporter="source"}[1m])) > 0: its edges`,
    found.sort().join(', '),
    expected.sort().join(', '),
  );
  for (const { labels, value } of during) {
    findings.tell(
      `its value, ${labels.source_workload} → ${labels.destination_workload}`,
      `${Math.round(value)} bytes/s`,
    );
  }
}

const reasonOf = {
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'connect_timed_out',
  EHOSTUNREACH: 'connect_unreachable',
};

async function judgeCalls(findings, prometheus, { calls, quiet }) {
  const value = async (name, labels) => {
    const matchers = Object.entries(labels).map(([key, text]) => `${key}="${text}"`);
    const [sum] = await prometheus.query(`sum(${name}{${matchers.join(',')}})`);
    return sum?.value ?? 0;
  };
  for (const [edge, call] of calls) {
    const ends = { source_workload: call.source, destination_workload: call.destination };
    for (const reporter of ['source', 'destination']) {
      if (ends[`${reporter}_workload`] === 'unknown') continue; // nobody watches that end
      findings.equal(
        `${edge}: connections opened, reporter ${reporter}`,
        await value('istio_tcp_connections_opened_total', { ...ends, reporter }),
        call.established,
      );
      const seen = quiet.find(
        ({ sourceName, destinationName }) => `${sourceName} → ${destinationName}` === edge,
      );
      if (seen === undefined) continue;
      const broken = seen.traffic.broken.total;
      for (const [metric, bytes, mayMiss] of [
        ['istio_tcp_sent_bytes_total', call.bytesReceived, false],
        // What the caller sent into a connection that the callee had broken off never arrived there.
        ['istio_tcp_received_bytes_total', call.bytesSent, reporter === 'destination' && broken > 0],
      ]) {
        const found = await value(metric, { ...ends, reporter });
        const what = `${edge}: ${metric}, reporter ${reporter}`;
        if (mayMiss)
          findings.holds(`${what}; ${broken} broken off`, found <= bytes, `${found}, sent ${bytes}`);
        else findings.equal(what, found, bytes);
      }
    }
    if (call.source === 'unknown') continue;
    for (const [code, count] of Object.entries(call.failed)) {
      const labels = { ...ends, reason: reasonOf[code] };
      findings.equal(
        `${edge}: ${labels.reason}`,
        await value('undermesh_connect_failures_total', labels),
        count,
      );
    }
  }
}
