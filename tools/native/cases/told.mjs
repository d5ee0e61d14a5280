// SPDX-License-Identifier: Apache-2.0
// What the collector tells of routes equals what clients did.
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { curl } from '../clients/curl.mjs';
import { LIMITS, WEIGHTS } from '../manifests.mjs';
import { targetOf, WAYS } from '../mesh.mjs';
import { rejected } from '../requests.mjs';

/** Requests that a rule of `front` takes, by its place. All that go to one rule are told of it. */
const RULES = [
  [0, 'GET / a', 'a'],
  [1, 'GET /exact b', 'b'],
  [2, 'GET /shop/books c', 'c'],
  [3, 'GET /shop/cart d', 'd'],
  [4, 'POST /shop e', 'e'],
  [5, 'GET / f X-Edition: preview', 'f'],
  [6, 'GET /?color=red g', 'g'],
  [7, 'GET / h X-Channel: beta-1', 'h'],
];
const EACH = 100;
const REJECTING = 9;
const WEIGHING = 8;

/** As the API has it, by service, rule and backend: `front 0 a`. */
async function hits(mesh) {
  const { items } = await mesh.road.api('routes');
  return new Map(
    items.flatMap(({ route, rule, backends }) =>
      backends.map(({ backend, requests, rejected: refused, limited }) => [
        `${plain(route)} ${rule} ${plain(backend ?? 'nobody')}`,
        { requests, rejected: refused, limited },
      ]),
    ),
  );
}

/** Once nothing is told any more of what was made before: agents tell of hits every 5 s. */
async function settledHits(mesh) {
  for (let last = await hits(mesh); ; ) {
    await pause(7000);
    const now = await hits(mesh);
    if (isDeepStrictEqual(now, last)) return now;
    last = now;
  }
}

/** `shop/a:80` */
const plain = (name) => name.replace(/^shop\//, '').replace(/:\d+$/, '');

const NOTHING = { requests: 0, rejected: 0, limited: 0 };

/** Requests that were refused have a record each: how many the collector has, by reason. */
async function refusals(mesh) {
  const { matched: rejects } = await mesh.road.api('connections?reason=route_rejects&window=3600&limit=1');
  const { matched: limited } = await mesh.road.api('connections?reason=rate_limited&window=3600&limit=1');
  return { rejects, limited };
}

/** Those that came since are as many as clients were refused. */
async function tellRefusals(mesh, before, expected) {
  const grown = async () => {
    const now = await refusals(mesh);
    return `${now.rejects - before.rejects}, ${now.limited - before.limited}`;
  };
  const same = async () => (await grown()) === expected;
  await mesh.road.until('the refusals are told', same, 30_000).catch(() => {});
  mesh.findings.equal('records of refused requests: rejected, limited', await grown(), expected);
}

/** Requests of each kind, counted by who made them and by who tells of them. */
export async function tellHits(mesh) {
  const before = await settledHits(mesh);
  const refused = await refusals(mesh);
  const expected = await makeRequests(mesh);
  const grown = async () => {
    const now = await hits(mesh);
    return Object.fromEntries(
      Object.keys(expected).map((key) => {
        const [from, to] = [before, now].map((all) => all.get(key) ?? NOTHING);
        return [
          key,
          Object.keys(NOTHING)
            .map((what) => to[what] - from[what])
            .join(),
        ];
      }),
    );
  };
  const same = async () => JSON.stringify(await grown()) === JSON.stringify(expected);
  await mesh.road.until('the hits are told', same, 30_000).catch(() => {});
  for (const [key, found] of Object.entries(await grown()))
    mesh.findings.equal(`${key}: requests, rejected, limited, as made and as told`, found, expected[key]);
  const [, rejects] = expected[`front ${REJECTING} nobody`].split(',');
  const [, , limited] = expected['metered 0 a'].split(',');
  await tellRefusals(mesh, refused, `${rejects}, ${limited}`);
}

/** @returns {Promise<Record<string, string>>} what must be told of it */
async function makeRequests(mesh) {
  const target = Object.keys(WAYS).map((way) => targetOf('front', way));
  const expected = {};
  for (const [rule, request, backend] of RULES) {
    const { done } = await mesh.ask({ target, request, requests: EACH, threads: 3 });
    expected[`front ${rule} ${backend}`] = `${done},0,0`;
  }
  const { answers } = await mesh.ask({ target, request: 'GET /weighted *', requests: 3 * EACH, threads: 3 });
  for (const name of Object.keys(WEIGHTS)) expected[`front ${WEIGHING} ${name}`] = `${answers[name]},0,0`;
  await curl(mesh, WAYS.IPv4('front'), Array(10).fill(rejected[0]));
  expected[`front ${REJECTING} nobody`] = '10,10,0';
  const often = await mesh.ask({
    target: targetOf('metered', 'IPv4'),
    request: 'GET / a',
    requests: 5 * LIMITS.requestsPerS,
    threads: 4,
  });
  expected['metered 0 a'] = `${often.made},0,${often.made - often.done}`;
  return expected;
}

/** Two requests in one send. */
const pipelining = (address) => `import socket
s = socket.create_connection(("${address}", 80), 60)
s.sendall(b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n" * 2)
s.recv(65536)`;

/** Traffic that is not routed by a head, and the reason that must be told of it. */
const OTHERWISE = [
  { reason: 'tls', command: (address) => ['curl', '-sk', '-m', '60', `https://${address}:80`] },
  { reason: 'http2', command: (address) => ['curl', '-s', '-m', '60', '--http2-prior-knowledge', address] },
  { reason: 'pipelined', command: (address) => ['/usr/bin/python3', '-c', pipelining(address)] },
];
const TIMES = 5;

/** Each is made some times. */
export async function tellFallbacks(mesh) {
  const told = async (reason) => {
    const { nodes } = await mesh.road.api('routes');
    const ofIt = nodes.flatMap(({ fallbacks }) => fallbacks).filter((one) => one.reason.endsWith(reason));
    return ofIt.reduce((sum, { count }) => sum + count, 0);
  };
  for (const { reason, command } of OTHERWISE) {
    const before = await told(reason);
    const [program, ...parameters] = command(WAYS.IPv4('front'));
    for (let time = 0; time < TIMES; time += 1) await mesh.run(program, parameters);
    const grown = async () => (await told(reason)) - before;
    await mesh.road.until('it is told of', async () => (await grown()) === TIMES, 15_000).catch(() => {});
    mesh.findings.equal(`connections that are not routed, told as ${reason}`, await grown(), TIMES);
  }
  const { nodes } = await mesh.road.api('routes');
  const beyond = nodes.flatMap(({ notExpressible }) => notExpressible);
  mesh.findings.holds(
    'the service whose route the kernel cannot express, with the reason',
    beyond.length === 1 && beyond[0].service === 'shop/beyond' && beyond[0].reason.length > 0,
    JSON.stringify(beyond),
  );
}
