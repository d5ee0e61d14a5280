// SPDX-License-Identifier: Apache-2.0
/**
 * Invented data for working on the dashboard without a collector: the meshes, and what becomes of them. Nothing here is
 * measured. Figures follow from the time alone, so that two answers about the same moment agree.
 */
import { manyHttp, SHOP_HTTP } from './mock-http.mjs';

export const noise = (seed) => {
  let t = (seed + 0x6d2b79f5) | 0;
  t = Math.imul(t ^ (t >>> 15), 1 | t);
  t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
export const textSeed = (text) =>
  [...text].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 16777619), 7);
export const iso = (ms) => new Date(ms).toISOString();
export const hex = (seed, digits) =>
  Array.from({ length: digits }, (_, i) => Math.floor(noise(seed * 31 + i) * 16).toString(16)).join('');

export const SHOP = {
  nodes: ['shop-1', 'shop-2', 'shop-3'],
  workloads: [
    ['ingress', 'edge', null, 'shop-1', 'nginx'],
    ['front', 'shop', null, 'shop-1', 'node'],
    ['catalogue', 'shop', null, 'shop-2', 'node'],
    ['reviews', 'shop', 'v1', 'shop-2', 'java'],
    ['reviews', 'shop', 'v2', 'shop-2', 'java'],
    ['ratings', 'shop', null, 'shop-2', 'node'],
    ['orders', 'checkout', null, 'shop-1', 'node'],
    ['payments', 'checkout', null, 'shop-3', 'payd'],
    ['catalogue-db', 'data', null, 'shop-1', 'postgres'],
    ['orders-db', 'data', null, 'shop-3', 'postgres'],
    ['bank-api', 'outside', null, null, null],
    ['undermesh-agent', 'host', null, 'shop-1', 'node', true],
    ['undermesh-collector', 'host', null, 'shop-2', 'node', true],
  ].map(([name, namespace, version, node, process, system = false]) => ({
    name,
    namespace,
    version,
    node,
    process,
    system,
    external: node === null,
  })),
  // source, destination (index), port, connects per second, share refused, connect µs, bytes sent, received, health
  edges: [
    [6, 7, 8443, 4.8, 0.09, 310, 1104, 4219, 'failing', 'refused', 6],
    [4, 5, 8081, 6.2, 0.0, 90, 820, 2210, 'warning', 'p99 197\u00a0ms, limit 50\u00a0ms', 20],
    [0, 1, 8080, 42, 0.0004, 120, 640, 18_400, 'ok', null, null],
    [1, 2, 8080, 29, 0, 140, 512, 9100, 'ok', null, null],
    [1, 3, 8080, 10.4, 0, 150, 512, 4100, 'ok', null, null],
    [1, 4, 8080, 2.6, 0, 150, 512, 4100, 'ok', null, null],
    [1, 6, 8080, 3.2, 0, 180, 2100, 980, 'ok', null, null],
    [2, 8, 5432, 1.6, 0, 210, 8_400, 61_000, 'ok', null, null],
    [6, 9, 5432, 0.4, 0, 260, 12_400, 31_000, 'ok', null, null],
    [7, 10, 443, 1.98, 0.002, 8400, 1900, 5200, 'ok', null, null],
    [3, 5, 8081, 4.1, 0, 95, 820, 2210, 'ok', null, null],
    [11, 12, 7070, 0.01, 0, 130, 900_000, 8_000, 'ok', null, null],
  ],
};

const MANY = (() => {
  const names =
    'edge mobile-edge partner-edge front partner-api mobile-api cms auth webhooks catalogue search cart account checkout reviews promo content loyalty pricing orders stock ratings recommend tax fraud profile media coupons payments ledger shipping returns invoices geo notify ml-serving data vault cache queue'.split(
      ' ',
    );
  const nodes = Array.from(
    { length: 48 },
    (_, i) => `eu-${1 + (i % 3)}${'abc'[i % 3]}-${String(1 + i).padStart(2, '0')}`,
  );
  const workloads = [];
  const depth = [];
  const parts = ['api', 'worker', 'web', 'sync', 'gate', 'db', 'cache', 'jobs', 'cron'];
  names.forEach((namespace, n) => {
    for (let i = 0; i < 7 + (n % 3); i += 1) {
      workloads.push({
        name: `${namespace}-${parts[i]}`,
        namespace,
        version: i === 2 && n % 5 === 0 ? 'v2' : null,
        node: nodes[(n * 7 + i * 5) % 48],
        process: 'node',
        system: false,
        external: false,
      });
      depth.push(n < 3 ? 0 : n < 9 ? 1 : n < 18 ? 2 : n < 28 ? 3 : n < 36 ? 4 : 5);
    }
  });
  const edges = [];
  const seen = new Set();
  for (let i = 0; edges.length < 990 && i < 20_000; i += 1) {
    const a = Math.floor(noise(i * 2) * workloads.length);
    const b = Math.floor(noise(i * 2 + 1) * workloads.length);
    if (depth[a] >= depth[b] || depth[b] - depth[a] > 2 || seen.has(`${a}-${b}`)) continue;
    seen.add(`${a}-${b}`);
    const health = i % 211 === 0 ? 'failing' : i % 97 === 0 ? 'warning' : 'ok';
    edges.push([
      a,
      b,
      8080,
      0.05 + noise(i) ** 4 * 60,
      health === 'failing' ? 0.05 : 0,
      90 + noise(i + 5) * 400,
      700,
      3000,
      health,
      health === 'failing' ? 'refused' : health === 'warning' ? 'slow connects' : null,
      health === 'ok' ? null : 9,
    ]);
  }
  return { nodes, workloads, edges };
})();

export const worldOf = (state) => (state === 'many' ? MANY : SHOP);
export const SILENT = 'shop-3';
export const SILENT_MS = 252_000;
export const COLLECTOR_STARTED = Date.now() - 3_480_000;
/** When the mock's numbered changes happened. */
export const CHANGE_TIMES = {
  118: COLLECTOR_STARTED + 2_920_000,
  117: COLLECTOR_STARTED + 2_240_000,
  116: COLLECTOR_STARTED + 1_500_000,
  112: COLLECTOR_STARTED + 400_000,
};
export const isPartial = (state) => state === 'partial';
export const silentNodes = (state) => (isPartial(state) ? [SILENT] : []);

export const edgeOf = (row) => {
  const [source, destination, port, rate, refused, connectUs, sent, received, health, reason, minutes] = row;
  return { source, destination, port, rate, refused, connectUs, sent, received, health, reason, minutes };
};
/** What the edge of a row asks for over HTTP/1.1; `null` for nothing. */
export const httpOf = (row, state) =>
  state === 'many'
    ? manyHttp(row[3], row[0] + row[1])
    : state === 'quiet'
      ? null
      : (SHOP_HTTP[SHOP.edges.indexOf(row)] ?? null);
/** What connections carried, by how they began. */
export const protocolsOf = (edge, opened) =>
  edge.http !== null
    ? edge.http.tls > 0
      ? { http1: Math.max(0, opened - edge.http.tls), tls: Math.min(opened, edge.http.tls) }
      : { http1: opened }
    : edge.port === 5432
      ? { other: opened }
      : { tls: opened };
