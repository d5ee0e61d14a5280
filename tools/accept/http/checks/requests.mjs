// SPDX-License-Identifier: Apache-2.0
// As many requests are told of as were made: to the request, the status class and the byte, at both ends, over connections
// that are kept and that are not, with bodies of every kind and heads cut anywhere. And their times are the client's own.
import { runHttpClient, startHttpServer } from '../../../testbed/http-load.mjs';
import { samples } from '../../../testbed/metrics.mjs';
import { joinByBridge, setSysctls } from '../../../testbed/namespaces.mjs';
import { Road } from '../../../testbed/road.mjs';
import { Findings } from '../../road/checks/findings.mjs';

const MEGABYTE = 1_000_000;
const ADDRESS = '10.99.2.1';

/** Everything but large bodies. */
const plans = [
  { responseBytes: 0 },
  { responseBytes: 64 },
  { responseBytes: 1000, split: true },
  { method: 'POST', requestBytes: 500, status: 201, responseBytes: 20 },
  { method: 'POST', requestBytes: 3000, requestChunk: 700, responseBytes: 5000, responseChunk: 999 },
  { method: 'PUT', requestBytes: 100, split: true, interim: true, status: 204 },
  { method: 'HEAD', responseBytes: 70_000 },
  { method: 'DELETE', status: 404, responseBytes: 30, split: true },
  { status: 304, responseBytes: 99 },
  { status: 503, responseBytes: 200, responseChunk: 10 },
  { method: 'PATCH', requestBytes: 1, responseBytes: 1, split: true },
  { responseBytes: 40_000, split: true },
];
const large = [
  { responseBytes: 10 * MEGABYTE },
  { method: 'PUT', requestBytes: 10 * MEGABYTE },
  { responseBytes: 10 * MEGABYTE, responseChunk: 60_000, split: true },
  { method: 'POST', requestBytes: 10 * MEGABYTE, requestChunk: 30_001, responseBytes: MEGABYTE },
];
/** Slow enough for what the client's own scheduling adds to be small. */
const DELAYS_MS = [5, 8, 13, 21, 34];
const slow = DELAYS_MS.map((delayMs) => ({ delayMs, pauseMs: delayMs, responseBytes: 100 }));

/** The latency figures' own error. */
const TOLERANCE = 0.02;
/** The client's clock starts before its request passes the kernel's hook and stops after it was woken up, µs. */
const WAKE_UP_US = 300;

/**
 * @param {{ name: string, requests: number, largeRequests: number, slowRequests: number, clock?: boolean }} options
 *   `clock`: times are held against the client's own, which needs a machine that wakes it up in time; they always have to
 *   lie between what the server waited and what the client saw
 */
export async function requestsExact({ name, requests, largeRequests, slowRequests, clock = true }) {
  const findings = new Findings();
  const road = await Road.create(name);
  try {
    const { testbed } = road;
    const [fabric, left, right] = ['fabric', 'left', 'right'].map((part) => testbed.namespace(part));
    joinByBridge(fabric, [
      { namespace: left, addresses: ['10.99.1.1/16'] },
      { namespace: right, addresses: [`${ADDRESS}/16`] },
    ]);
    // Short connections from one address to one port: their ports are used again.
    setSysctls(left, { 'net.ipv4.ip_local_port_range': '1024 65000', 'net.ipv4.tcp_tw_reuse': 1 });
    await road.startCollector();
    await road.startAgent('left');
    await road.startAgent('right');
    const server = await startHttpServer(testbed, ADDRESS, {
      namespace: right,
      cgroup: testbed.cgroup('right/shop/server'),
    });
    const short = Math.floor(requests / 10);
    const loads = {
      kept: { plans, requests: requests - short, concurrency: 16 },
      short: { plans, requests: short, concurrency: 8, perConnection: 1 },
      few: { plans, requests: Math.ceil(requests / 50), concurrency: 8, perConnection: 3 },
      large: { plans: large, requests: largeRequests, concurrency: 2 },
      slow: { plans: slow, requests: slowRequests, concurrency: 16 },
    };
    const made = {};
    for (const [client, load] of Object.entries(loads)) {
      const place = { namespace: left, cgroup: testbed.cgroup(`left/shop/${client}`) };
      made[client] = await runHttpClient(testbed, { address: ADDRESS, port: server.port, ...load }, place);
    }
    const answered = await server.stop();
    await judge(findings, road, { made, answered, clock });
  } finally {
    await road.destroy();
  }
  return findings.result;
}

const total = (made, member) => Object.values(made).reduce((sum, one) => sum + one[member], 0);

async function judge(findings, road, { made, answered, clock }) {
  const all = total(made, 'requests');
  findings.equal('requests made: server', answered.requests, all);
  findings.equal('bytes of requests: server', answered.requestBytes, total(made, 'requestBytes'));
  findings.equal('bytes of responses: server', answered.responseBytes, total(made, 'responseBytes'));
  findings.tell('connections', total(made, 'connections'));
  await road
    .until('all requests are booked', async () => {
      const { requests } = await road.api('status');
      return requests !== null && requests.made >= 2 * all && requests.waiting === 0;
    })
    .catch((error) => findings.holds('books of requests', false, error.message));
  const { requests: books } = await road.api('status');
  findings.equal('requests told of by both ends', books?.made, 2 * all);
  findings.equal('of these stored', books?.stored, 2 * all);
  for (const [reason, lost] of Object.entries(books?.lost ?? {})) findings.equal(`lost: ${reason}`, lost, 0);
  const metrics = await road.metrics();
  for (const reporter of ['source', 'destination']) {
    const counted = samples(metrics, 'istio_requests_total', { reporter });
    const of = (digit) =>
      counted
        .filter(({ labels }) => labels.response_code?.startsWith(digit))
        .reduce((sum, { value }) => sum + value, 0);
    for (const digit of ['2', '3', '4', '5']) {
      const expected = Object.values(made).reduce((sum, { classes }) => sum + classes[`${digit}xx`], 0);
      findings.equal(`${digit}xx at the ${reporter} (istio_requests_total)`, of(digit), expected);
    }
  }
  for (const client of Object.keys(made)) await judgeEdge(findings, road, { client, made: made[client] });
  await judgeTimes(findings, road, { made: made.slow, clock });
}

/** One client against what the API says of its edge. */
async function judgeEdge(findings, road, { client, made }) {
  const { items } = await road.api(`edges?level=workload&window=3600&source=${client}&destination=server`);
  const seen = items[0]?.traffic.requests;
  findings.equal(`${client}: requests`, seen?.total, made.requests);
  findings.equal(`${client}: bytes of requests`, seen?.requestBytes, made.requestBytes);
  findings.equal(`${client}: bytes of responses`, seen?.responseBytes, made.responseBytes);
  for (const [digits, count] of Object.entries(made.classes)) {
    if (count > 0) findings.equal(`${client}: ${digits}`, seen?.statusClasses[digits] ?? 0, count);
  }
}

/** The times of the slow requests. */
async function judgeTimes(findings, road, { made, clock }) {
  const { items } = await road.api('edges?level=workload&window=3600&source=slow&destination=server');
  const seen = items[0]?.traffic.requests;
  // The server waits before its first byte, and as long again before its body.
  for (const [measure, waits] of Object.entries({ firstByteUs: 1, lastByteUs: 2 })) {
    for (const [quantile, share] of Object.entries({ p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 })) {
      const found = seen?.[measure][quantile] ?? 0;
      const waited = DELAYS_MS[Math.floor(share * DELAYS_MS.length)] * waits * 1000;
      const within = found >= waited * (1 - TOLERANCE) && found <= made[measure][quantile] * (1 + TOLERANCE);
      const text = `${found} between ${waited} and ${made[measure][quantile]}, each with ${TOLERANCE * 100} %`;
      findings.holds(`slow: ${measure} ${quantile} between server and client`, within, text);
      if (!clock) continue;
      findings.near(`slow: ${measure} ${quantile}`, found, {
        expected: made[measure][quantile],
        tolerance: TOLERANCE + WAKE_UP_US / made[measure][quantile],
      });
    }
  }
}
