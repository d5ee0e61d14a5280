// SPDX-License-Identifier: Apache-2.0
/**
 * Invented data for working on the dashboard without a collector. Nothing here is measured. Figures follow from the time
 * alone, so that two answers about the same moment agree.
 */
import { engineOfNode } from './mock-engines.mjs';
import { manyHttp, requestsOf, SHOP_HTTP, splitOf } from './mock-http.mjs';

export const noise = (seed) => {
  let t = (seed + 0x6d2b79f5) | 0;
  t = Math.imul(t ^ (t >>> 15), 1 | t);
  t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const textSeed = (text) =>
  [...text].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 16777619), 7);
export const iso = (ms) => new Date(ms).toISOString();
const hex = (seed, digits) =>
  Array.from({ length: digits }, (_, i) => Math.floor(noise(seed * 31 + i) * 16).toString(16)).join('');

const SHOP = {
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
const SILENT = 'shop-3';
const SILENT_MS = 252_000;
export const COLLECTOR_STARTED = Date.now() - 3_480_000;
/** When the mock's numbered changes happened. */
export const CHANGE_TIMES = {
  118: COLLECTOR_STARTED + 2_920_000,
  117: COLLECTOR_STARTED + 2_240_000,
  116: COLLECTOR_STARTED + 1_500_000,
  112: COLLECTOR_STARTED + 400_000,
};
const isPartial = (state) => state === 'partial';
export const silentNodes = (state) => (isPartial(state) ? [SILENT] : []);

const edgeOf = (row) => {
  const [source, destination, port, rate, refused, connectUs, sent, received, health, reason, minutes] = row;
  return { source, destination, port, rate, refused, connectUs, sent, received, health, reason, minutes };
};
/** What the edge of a row asks for over HTTP/1.1; `null` for nothing. */
const httpOf = (row, state) =>
  state === 'many'
    ? manyHttp(row[3], row[0] + row[1])
    : state === 'quiet'
      ? null
      : (SHOP_HTTP[SHOP.edges.indexOf(row)] ?? null);
/** What connections carried, by how they began. */
const protocolsOf = (edge, opened) =>
  edge.http !== null
    ? edge.http.tls > 0
      ? { http1: Math.max(0, opened - edge.http.tls), tls: Math.min(opened, edge.http.tls) }
      : { http1: opened }
    : edge.port === 5432
      ? { other: opened }
      : { tls: opened };

/** Share of the usual rate at a moment: slow waves and some noise. */
const swing = (seed, at) =>
  1 + 0.06 * Math.sin(at / 97_000 + seed) + 0.08 * (noise(seed + Math.floor(at / 10_000)) - 0.5);
const refusedAt = (edge, at, now) =>
  edge.minutes !== null && at < now - edge.minutes * 60_000 ? edge.refused * 0.01 : edge.refused;

const quantiles = (count, p50, wide = 1) =>
  count === 0
    ? { count: 0, p50: null, p90: null, p95: null, p99: null }
    : {
        count,
        p50: Math.round(p50),
        p90: Math.round(p50 * (1.4 + wide)),
        p95: Math.round(p50 * (1.7 + 1.5 * wide)),
        p99: Math.round(p50 * (2.2 + 2.6 * wide)),
      };

const trafficOf = (edge, seconds, now, share = 1) => {
  const tried = Math.round(edge.rate * seconds * swing(edge.port, now) * share);
  const failing =
    edge.minutes === null ? edge.refused : edge.refused * Math.min(1, (edge.minutes * 60) / seconds);
  const refused = Math.round(tried * failing);
  const opened = tried - refused;
  const broken = edge.health === 'failing' ? Math.round(opened * 0.002) : 0;
  const late = edge.health === 'failing' ? Math.round(refused * 0.08) : 0;
  const segmentsSent = opened * 6;
  return {
    opened,
    closed: Math.round(opened * 0.998),
    failed: {
      total: refused,
      reasons:
        refused === 0 ? {} : { refused: refused - late, ...(late > 0 ? { connect_timed_out: late } : {}) },
    },
    broken: { total: broken, reasons: broken === 0 ? {} : { peer_reset: broken } },
    open: Math.round(edge.rate * 1.7 * share),
    sentBytes: opened * edge.sent,
    receivedBytes: opened * edge.received,
    connectUs: quantiles(opened, edge.connectUs, edge.health === 'warning' ? 3 : 1),
    roundTripUs: quantiles(opened, edge.connectUs * 0.7),
    lifetimeUs: quantiles(opened, 18_200, 2),
    segmentsSent,
    retransmittedSegments: Math.round(segmentsSent * (edge.health === 'warning' ? 0.021 : 0.0002)),
    requests: requestsIn([edge], seconds, now),
    protocols: protocolsOf(edge, opened),
    engineBytes: {},
  };
};
const requestsIn = (edges, seconds, now) =>
  requestsOf(
    edges.flatMap(({ http }) => (http === null ? [] : [http])),
    { from: now - seconds * 1000, to: now, changeTimes: CHANGE_TIMES },
  );

export const EMPTY_TRAFFIC = () => ({
  opened: 0,
  closed: 0,
  failed: { total: 0, reasons: {} },
  broken: { total: 0, reasons: {} },
  open: 0,
  sentBytes: 0,
  receivedBytes: 0,
  connectUs: quantiles(0),
  roundTripUs: quantiles(0),
  lifetimeUs: quantiles(0),
  segmentsSent: 0,
  retransmittedSegments: 0,
  requests: null,
  protocols: {},
  engineBytes: {},
});
const mixQuantiles = (a, b) =>
  a.count + b.count === 0
    ? quantiles(0)
    : Object.fromEntries(
        ['count', 'p50', 'p90', 'p95', 'p99'].map((key) => [
          key,
          key === 'count'
            ? a.count + b.count
            : key === 'p99'
              ? Math.max(a.p99 ?? 0, b.p99 ?? 0)
              : Math.round(((a[key] ?? 0) * a.count + (b[key] ?? 0) * b.count) / (a.count + b.count)),
        ]),
      );
const addCounts = (a, b) => {
  const sum = { ...a };
  for (const [key, value] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + value;
  return sum;
};
export const addTraffic = (a, b) => ({
  ...Object.fromEntries(
    ['opened', 'closed', 'open', 'sentBytes', 'receivedBytes', 'segmentsSent', 'retransmittedSegments'].map(
      (key) => [key, a[key] + b[key]],
    ),
  ),
  failed: { total: a.failed.total + b.failed.total, reasons: addCounts(a.failed.reasons, b.failed.reasons) },
  broken: { total: a.broken.total + b.broken.total, reasons: addCounts(a.broken.reasons, b.broken.reasons) },
  connectUs: mixQuantiles(a.connectUs, b.connectUs),
  roundTripUs: mixQuantiles(a.roundTripUs, b.roundTripUs),
  lifetimeUs: mixQuantiles(a.lifetimeUs, b.lifetimeUs),
  requests: addRequests(a.requests, b.requests),
  protocols: addCounts(a.protocols, b.protocols),
  engineBytes: addCounts(a.engineBytes, b.engineBytes),
});
const addRequests = (a, b) =>
  a === null || b === null
    ? (a ?? b)
    : {
        ...Object.fromEntries(
          ['total', 'pipelined', 'requestBytes', 'responseBytes'].map((key) => [key, a[key] + b[key]]),
        ),
        statusClasses: addCounts(a.statusClasses, b.statusClasses),
        firstByteUs: mixQuantiles(a.firstByteUs, b.firstByteUs),
        lastByteUs: mixQuantiles(a.lastByteUs, b.lastByteUs),
        seenBy: 'source',
      };

export const windowOf = (query, now) => {
  const seconds = Number(query.window ?? 1800);
  const resolutionSeconds = seconds <= 3600 ? 10 : 60;
  return { from: iso(now - seconds * 1000), to: iso(now), seconds, resolutionSeconds };
};

const STEPS = 120;
const seriesOf = (edges, window, now, state) => {
  const stepSeconds = Math.max(10, Math.round(window.seconds / STEPS / 10) * 10 || 10);
  const count = Math.floor(window.seconds / stepSeconds);
  const from = Math.floor((now - count * stepSeconds * 1000) / (stepSeconds * 1000)) * stepSeconds * 1000;
  const make = (measure) =>
    Array.from({ length: count }, (_, i) => {
      const at = from + i * stepSeconds * 1000;
      let sum = 0;
      let known = edges.length === 0;
      for (const edge of edges) {
        if (
          isPartial(state) &&
          at > now - SILENT_MS &&
          edge.nodes.every((node) => node === SILENT || node === null)
        )
          continue;
        known = true;
        const share = isPartial(state) && at > now - SILENT_MS && edge.nodes.includes(SILENT) ? 0.5 : 1;
        sum += measure(edge, at, share, i);
      }
      return known ? Math.max(0, Math.round(sum)) : null;
    });
  const tried = (edge, at, share) => edge.rate * stepSeconds * swing(edge.port + edge.source, at) * share;
  const asked = (edge, at, share) =>
    edge.http === null ? 0 : edge.http.rps * stepSeconds * swing(edge.port + edge.source, at) * share;
  return {
    from: iso(from),
    stepSeconds,
    opened: make((e, at, s) => tried(e, at, s) * (1 - refusedAt(e, at, now))),
    closed: make((e, at, s) => tried(e, at, s) * 0.998),
    failed: make(
      (e, at, s) => tried(e, at, s) * refusedAt(e, at, now) * (0.7 + 0.6 * noise(e.source + at / 1000)),
    ),
    open: make((e, at, s) => e.rate * 1.7 * swing(e.port, at) * s),
    sentBytes: make((e, at, s) => tried(e, at, s) * e.sent),
    receivedBytes: make((e, at, s) => tried(e, at, s) * e.received),
    requests: make((e, at, s) => asked(e, at, s)),
    requestErrors: make((e, at, s, i) => asked(e, at, s) * (e.http?.errors ?? 0) * (0.5 + noise(i + e.port))),
  };
};

export const vertexKey = (level, workload) =>
  level === 'namespace'
    ? `namespace/${workload.namespace}`
    : level === 'node'
      ? `node/${workload.node ?? 'outside'}`
      : level === 'service'
        ? `service/${workload.namespace}/${workload.name}`
        : `workload/${workload.namespace}/${workload.name}${workload.version === null ? '' : `/${workload.version}`}`;
const vertexName = (level, workload) =>
  level === 'namespace'
    ? workload.namespace
    : level === 'node'
      ? (workload.node ?? 'outside')
      : workload.name;
const WORST = ['failing', 'warning', 'unknown', 'ok'];
const worst = (a, b) => (WORST.indexOf(a) <= WORST.indexOf(b) ? a : b);

/** Every edge at a level with its members, before any limit. */
export const edgesAt = (level, query, now, state) => {
  const world = worldOf(state);
  const window = windowOf(query, now);
  const wanted = (query.namespace ?? '').split(',').filter(Boolean);
  const found = new Map();
  for (const row of state === 'empty' ? [] : world.edges) {
    const edge = { ...edgeOf(row), http: httpOf(row, state) };
    const source = world.workloads[edge.source];
    const destination = world.workloads[edge.destination];
    if ((source.system || destination.system) && query.system !== true) continue;
    if (wanted.length > 0 && !wanted.includes(source.namespace) && !wanted.includes(destination.namespace))
      continue;
    const keys = [vertexKey(level, source), vertexKey(level, destination)];
    if (keys[0] === keys[1]) continue;
    const id = keys.join('>');
    const touched = [source.node, destination.node];
    const partial = isPartial(state) && touched.includes(SILENT);
    const share = partial ? 0.86 : 1;
    const blind = partial && source.node === SILENT && destination.node === null;
    const traffic = blind ? EMPTY_TRAFFIC() : trafficOf(edge, window.seconds, now, share);
    const old = found.get(id);
    const health = blind ? 'unknown' : edge.health;
    const one = {
      id,
      source: keys[0],
      destination: keys[1],
      sourceName: vertexName(level, source),
      destinationName: vertexName(level, destination),
      sourceNamespace: source.namespace,
      destinationNamespace: destination.namespace,
      ports: [edge.port],
      system: source.system,
      traffic,
      health,
      healthReason: blind ? 'no data for 4 min' : edge.reason,
      healthSince: edge.minutes === null || blind ? null : iso(now - edge.minutes * 60_000),
      lastFailureAt: health === 'failing' && traffic.failed.total > 0 ? iso(now) : null,
      seenBy: destination.node === null || partial ? 'source' : 'both',
      partial,
      via: null,
      leg: null,
      split:
        edge.http === null || blind
          ? null
          : splitOf([edge.http], {
              from: now - window.seconds * 1000,
              to: now,
              changeTimes: CHANGE_TIMES,
              connectUs: edge.connectUs,
              basis: destination.node === null || partial ? 'source' : 'both',
            }),
    };
    const raw = { ...edge, nodes: touched };
    if (old === undefined) found.set(id, { edge: one, raw: [raw], members: [source, destination] });
    else {
      old.raw.push(raw);
      const bad = worst(old.edge.health, one.health);
      old.edge = {
        ...old.edge,
        ports: [...new Set([...old.edge.ports, edge.port])].slice(0, 8),
        traffic: addTraffic(old.edge.traffic, traffic),
        health: bad,
        healthReason: bad === old.edge.health ? old.edge.healthReason : one.healthReason,
        healthSince: bad === old.edge.health ? old.edge.healthSince : one.healthSince,
        lastFailureAt: old.edge.lastFailureAt ?? one.lastFailureAt,
        partial: old.edge.partial || partial,
        split: old.edge.split ?? one.split,
      };
    }
  }
  return { window, found: [...found.values()] };
};

export const topology = (query, now, state) => {
  const level = query.level ?? 'workload';
  const { window, found } = edgesAt(level, query, now, state);
  const world = worldOf(state);
  const groups = new Map();
  for (const workload of state === 'empty' ? [] : world.workloads) {
    if (workload.system && query.system !== true) continue;
    const key = vertexKey(level, workload);
    const old = groups.get(key);
    if (old === undefined) groups.set(key, [workload]);
    else old.push(workload);
  }
  const ids = new Set(found.flatMap(({ edge }) => [edge.source, edge.destination]));
  const vertices = [...groups]
    .filter(([id]) => ids.has(id))
    .map(([id, members]) => {
      const first = members[0];
      const into = found.filter(({ edge }) => edge.destination === id);
      const out = found.filter(({ edge }) => edge.source === id);
      const bad = into
        .map(({ edge }) => edge)
        .sort((a, b) => WORST.indexOf(a.health) - WORST.indexOf(b.health))[0];
      const nodes = [...new Set(members.map((member) => member.node).filter((node) => node !== null))];
      const partial = nodes.some((node) => silentNodes(state).includes(node));
      return {
        id,
        level,
        kind: first.external ? 'address' : 'unit',
        name: vertexName(level, first),
        namespace: level === 'node' ? '' : first.namespace,
        version: level === 'workload' ? first.version : null,
        nodes,
        external: first.external,
        system: first.system,
        members: members.length,
        inbound: into.map(({ edge }) => edge.traffic).reduce(addTraffic, EMPTY_TRAFFIC()),
        outbound: out.map(({ edge }) => edge.traffic).reduce(addTraffic, EMPTY_TRAFFIC()),
        health: bad?.health ?? 'ok',
        healthReason: bad?.healthReason ?? null,
        partial,
      };
    });
  const maxEdges = query.maxEdges ?? 1000;
  const edges = found.map(({ edge }) => edge).sort((a, b) => b.traffic.opened - a.traffic.opened);
  const all = edges.reduce((sum, edge) => sum + edge.traffic.opened, 0);
  const hidden = edges.slice(maxEdges);
  return {
    level,
    window,
    vertices,
    edges: edges.slice(0, maxEdges),
    hidden: {
      vertices: 0,
      edges: hidden.length,
      connectionShare: all === 0 ? 0 : hidden.reduce((sum, edge) => sum + edge.traffic.opened, 0) / all,
      systemVertices: query.system === true || state === 'many' || state === 'empty' ? 0 : 2,
      systemEdges: query.system === true || state === 'many' || state === 'empty' ? 0 : 1,
      legs: 0,
    },
    missingNodes: silentNodes(state),
  };
};

/** By id, `name` or `namespace/name`; a list is joined by "or". */
export const isNamed = (wanted, id, namespace, name) =>
  wanted === undefined || wanted.split(',').some((one) => [id, name, `${namespace}/${name}`].includes(one));

export const edges = (query, now, state) => {
  const { window, found } = edgesAt(query.level ?? 'workload', query, now, state);
  const kept = found.filter(
    ({ edge }) =>
      isNamed(query.source, edge.source, edge.sourceNamespace, edge.sourceName) &&
      isNamed(query.destination, edge.destination, edge.destinationNamespace, edge.destinationName),
  );
  kept.sort((a, b) =>
    query.order === 'busiest'
      ? b.edge.traffic.opened - a.edge.traffic.opened
      : WORST.indexOf(a.edge.health) - WORST.indexOf(b.edge.health) ||
        b.edge.traffic.opened - a.edge.traffic.opened,
  );
  const limit = query.limit ?? 100;
  const start = Number(query.cursor ?? 0);
  return {
    items: kept
      .slice(start, start + limit)
      .map(({ edge, raw }) =>
        query.series === true ? { ...edge, series: seriesOf(raw, window, now, state) } : edge,
      ),
    next: kept.length > start + limit ? String(start + limit) : null,
    window,
    total: kept.map(({ edge }) => edge.traffic).reduce(addTraffic, EMPTY_TRAFFIC()),
    hiddenLegs: 0,
    totalSeries:
      query.series === true && state !== 'empty'
        ? seriesOf(
            kept.flatMap(({ raw }) => raw),
            window,
            now,
            state,
          )
        : null,
    missingNodes: silentNodes(state),
  };
};

/* connections: number k opened at k · 125 ms */
export const PERIOD_MS = 125;
const LONGEST_MS = 62_000;
const addressOf = (index, node) =>
  node === null ? `203.0.113.${10 + index}` : `10.4.${1 + Number(node.at(-1))}.${8 + index}`;

const protocolOf = (row, k) => {
  const http = SHOP_HTTP[SHOP.edges.indexOf(row)];
  if (http !== undefined) return noise(k + 97) < http.tls / 50_000 ? 'tls' : 'http1';
  return row[2] === 5432 ? 'other' : 'tls';
};

export const connectionAt = (k, now, state) => {
  const world = worldOf(state);
  const openedMs = k * PERIOD_MS + Math.floor(noise(k) * PERIOD_MS);
  let pick = noise(k + 17) * world.edges.reduce((sum, row) => sum + row[3], 0);
  const row =
    world.edges.find((one) => {
      pick -= one[3];
      return pick < 0;
    }) ?? world.edges[0];
  const edge = edgeOf(row);
  const source = world.workloads[edge.source];
  const destination = world.workloads[edge.destination];
  const failed = noise(k + 31) < refusedAt(edge, openedMs, now) * 3;
  const long = noise(k + 41) < 0.06;
  const lifeMs = failed ? 0.4 : long ? 2000 + noise(k + 43) * 60_000 : 11 + noise(k + 47) * 14;
  const ended = failed || openedMs + lifeMs < now;
  const reset = ended && !failed && long && noise(k + 53) < 0.35;
  const silent = isPartial(state) && openedMs > now - SILENT_MS;
  const engine = source.node === null ? 'off' : (engineOfNode(source.node, now, state).observed ?? 'off');
  const steered = engine !== 'off' && noise(k + 97) < 0.8;
  const sent = Math.round(edge.sent * (0.9 + 0.2 * noise(k + 59)) * (long ? 12 : 1));
  const received = Math.round(edge.received * (0.9 + 0.2 * noise(k + 61)) * (long ? 12 : 1));
  const peer = (workload, index, port, pid) => ({
    workload: workload.name,
    namespace: workload.namespace,
    version: workload.version,
    kind: workload.external ? 'address' : 'unit',
    node: workload.node,
    address: addressOf(index, workload.node),
    port,
    process: workload.process,
    pid: workload.process === null ? null : pid,
    system: workload.system,
  });
  return {
    id: `c${k.toString(36)}`,
    state: failed ? 'failed' : ended ? 'closed' : 'open',
    reason: failed
      ? noise(k + 67) < 0.08
        ? 'connect_timed_out'
        : 'refused'
      : ended
        ? reset
          ? 'peer_reset'
          : 'local_fin'
        : null,
    openedAt: iso(openedMs),
    endedAt: ended ? iso(openedMs + lifeMs) : null,
    lifetimeUs: Math.max(0, Math.round((ended ? lifeMs : now - openedMs) * 1000)),
    connectUs: failed ? null : Math.round(edge.connectUs * (0.85 + 0.4 * noise(k + 71))),
    roundTripUs: failed ? null : Math.round(edge.connectUs * 0.7 * (0.85 + 0.3 * noise(k + 73))),
    source: peer(source, edge.source, 32_768 + Math.floor(noise(k + 79) * 28_000), 2200 + edge.source * 7),
    destination: peer(destination, edge.destination, edge.port, 3900 + edge.destination * 11),
    askedFor: steered ? { address: '10.96.0.31', port: 443 } : null,
    sentBytes: failed ? null : sent,
    receivedBytes: failed ? null : received,
    retransmittedSegments: failed ? null : noise(k + 83) < 0.05 ? 1 : 0,
    engine,
    protocol: failed || world !== SHOP ? null : protocolOf(row, k),
    seenBy: failed || destination.external || (silent && destination.node === SILENT) ? 'source' : 'both',
  };
};

const matches = (c, q) => {
  const among = (text, values) =>
    text === undefined || text.split(',').some((value) => values.includes(value));
  const names = (peer) => [
    peer.workload,
    `${peer.namespace}/${peer.workload}`,
    ...(peer.version === null ? [] : [`${peer.workload} ${peer.version}`]),
  ];
  if (!q.system && (c.source.system || c.destination.system)) return false;
  if (
    q.state === 'ended'
      ? c.state === 'open'
      : q.state !== undefined && q.state !== 'all' && c.state !== q.state
  )
    return false;
  return (
    among(q.source, names(c.source)) &&
    among(q.destination, names(c.destination)) &&
    among(q.workload, [...names(c.source), ...names(c.destination)]) &&
    among(q.namespace, [c.source.namespace, c.destination.namespace]) &&
    among(q.node, [c.source.node, c.destination.node]) &&
    among(q.address, [c.source.address, c.destination.address]) &&
    among(q.port, [String(c.destination.port)]) &&
    among(q.process, [c.source.process, c.destination.process]) &&
    among(q.reason, [c.reason])
  );
};

export const connections = (query, now, state) => {
  if (state === 'empty') return { items: [], next: null, matched: 0, histogram: null };
  const limit = query.limit ?? 100;
  const seconds = query.window ?? 1800;
  const oldest = (now - seconds * 1000) / PERIOD_MS;
  let k = query.cursor === undefined ? Math.floor(now / PERIOD_MS) : Number(query.cursor);
  const items = [];
  for (; k > oldest && items.length < limit; k -= 1) {
    const one = connectionAt(k, now, state);
    if (Date.parse(one.openedAt) <= now && matches(one, query)) items.push(one);
  }
  let histogram = null;
  let matched = null;
  if (query.histogram === true) {
    const stepSeconds = Math.max(10, Math.round(seconds / 120 / 5) * 5);
    const count = Math.floor(seconds / stepSeconds);
    const from = now - count * stepSeconds * 1000;
    const ended = Array(count).fill(0);
    const failed = Array(count).fill(0);
    matched = 0;
    for (let j = Math.ceil(from / PERIOD_MS); j * PERIOD_MS < now; j += 1) {
      const one = connectionAt(j, now, state);
      if (!matches(one, { ...query, state: 'all' })) continue;
      const at = Math.floor((Date.parse(one.openedAt) - from) / (stepSeconds * 1000));
      if (one.state === 'failed') failed[at] += 1;
      else if (one.state === 'closed') ended[at] += 1;
      if (matches(one, query)) matched += 1;
    }
    histogram = { from: iso(from), stepSeconds, ended, failed };
  }
  return { items, next: k > oldest ? String(k) : null, matched, histogram };
};

/** Those that opened or ended after `from`, up to `to`. */
export const liveConnections = (query, from, to, state) => {
  const items = [];
  if (state === 'empty') return items;
  const within = (time) => time !== null && Date.parse(time) > from && Date.parse(time) <= to;
  for (let k = Math.floor((from - LONGEST_MS) / PERIOD_MS); k <= to / PERIOD_MS; k += 1) {
    const one = connectionAt(k, to, state);
    if (
      Date.parse(one.openedAt) <= to &&
      (within(one.openedAt) || within(one.endedAt)) &&
      matches(one, query)
    ) {
      items.push(one);
    }
  }
  return items;
};

export const connection = (id, now, state) => {
  const k = Number.parseInt(id.slice(1), 36);
  if (!Number.isFinite(k)) return null;
  const c = connectionAt(k, now, state);
  const failed = c.state === 'failed';
  const endRecord = (side) => {
    const own = c[side];
    const other = side === 'source' ? c.destination : c.source;
    const sent = side === 'source' ? c.sentBytes : c.receivedBytes;
    const received = side === 'source' ? c.receivedBytes : c.sentBytes;
    const seed = k + (side === 'source' ? 1 : 2);
    return {
      node: own.node,
      time: c.endedAt ?? iso(now),
      event: failed ? 'failed' : c.state === 'open' ? 'progress' : 'closed',
      reason: c.reason === 'local_fin' && side === 'destination' ? 'peer_fin' : c.reason,
      family: 'ipv4',
      engine: c.engine,
      flags: failed ? ['announced'] : ['established', 'announced'],
      localAddress: own.address,
      localPort: own.port,
      peerAddress: other.address,
      peerPort: other.port,
      originalAddress: side === 'source' && c.askedFor !== null ? c.askedFor.address : other.address,
      originalPort: side === 'source' && c.askedFor !== null ? c.askedFor.port : other.port,
      socketCookie: String(88_000 + (k % 90_000)),
      cgroupId: String(4127 + (own.pid % 50)),
      netnsCookie: '4026531840',
      process: own.process,
      pid: own.pid,
      sentBytes: sent ?? 0,
      receivedBytes: received ?? 0,
      retransmittedBytes: (c.retransmittedSegments ?? 0) * 48,
      segmentsSent: failed ? 1 : 6,
      segmentsReceived: failed ? 0 : 5,
      retransmittedSegments: c.retransmittedSegments ?? 0,
      lostSegments: c.retransmittedSegments ?? 0,
      deliveredSegments: failed ? 0 : 6,
      connectUs: side === 'source' ? c.connectUs : null,
      smoothedRoundTripUs: c.roundTripUs,
      minimumRoundTripUs: c.roundTripUs === null ? null : Math.round(c.roundTripUs * 0.8),
      clientIsn: failed ? null : hex(k, 8),
      serverIsn: failed ? null : hex(k + 9, 8),
      protocol: c.protocol,
      streamId: hex(textSeed(own.node), 32),
      frameSequence: String(88_214 + Math.floor(seed % 1000)),
    };
  };
  const ends = {
    source: c.source.node === null ? null : endRecord('source'),
    destination: c.seenBy === 'both' ? endRecord('destination') : null,
  };
  return {
    connection: c,
    ends,
    agreement: c.seenBy === 'both' ? { bytes: true, detail: 'Both ends agree on every byte' } : null,
  };
};

const FEATURES = {
  sockops: true,
  sk_storage: true,
  ring_buffer: true,
  iter_tcp: true,
  cgroup_connect: true,
  program_statistics: true,
  struct_ops: 'the kernel refuses it: CONFIG_BPF_JIT is off for modules',
};
const hook = (name, type, attachedTo, programId, calls, nsPerCall) => ({
  name,
  type,
  attachedTo,
  attached: true,
  programId,
  tag: hex(programId, 16),
  loadedAtMs: COLLECTOR_STARTED,
  runTimeNs: calls * nsPerCall,
  runCount: calls,
});

export const nodes = (now, state) => {
  if (state === 'empty') return { items: [], next: null };
  const world = worldOf(state);
  return {
    items: world.nodes.map((name, i) => {
      const silent = silentNodes(state).includes(name);
      const at = silent ? now - SILENT_MS : now - 400;
      const made = Math.round(((at - COLLECTOR_STARTED) / 1000) * (70 + 22 * i));
      const lost = i === 1 && state === 'loss' ? { ring_full: 412 } : {};
      const lostSum = Object.values(lost).reduce((sum, count) => sum + count, 0);
      const waiting = silent ? 0 : 12 + i;
      return {
        name,
        cluster: state === 'many' ? 'prod-eu' : 'demo',
        state: silent ? 'silent' : 'reporting',
        lastSeenAt: iso(at),
        connectedAt: silent ? null : iso(COLLECTOR_STARTED + 60_000),
        agent: {
          version: '0.1.0',
          startedAt: iso(COLLECTOR_STARTED + 30_000),
          rssBytes: 61_000_000 + i * 2_400_000,
          cpuShare: silent ? null : 0.0031 + 0.0012 * i,
          workloads: 5 + i,
          listeners: 9 + i,
        },
        scope: { cgroup: i === 0 ? '/sys/fs/cgroup' : '/sys/fs/cgroup/shop', wholeHost: i === 0 },
        kernel: {
          release: i === 2 ? '6.1.0-31-amd64' : '6.12.38-amd64',
          architecture: 'x86_64',
          features: FEATURES,
        },
        labels: {},
        engine: engineOfNode(name, now, state),
        hooks: [
          hook('observe_sockops', 'sock_ops', '/sys/fs/cgroup', 412 + i, made * 6, 212 + 9 * i),
          hook('observe_connect4', 'cgroup_sock_addr', '/sys/fs/cgroup', 413 + i, made, 96),
          hook('observe_connect6', 'cgroup_sock_addr', '/sys/fs/cgroup', 414 + i, Math.round(made / 40), 101),
          ...(i === 2
            ? []
            : [
                hook('follow_sockops', 'sock_ops', '4 cgroups', 421 + i, made * 4, 180),
                hook('show_peername4', 'cgroup_sock_addr', '4 cgroups', 423 + i, 1200, 120),
                hook('steer_connect4', 'cgroup_sock_addr', '4 cgroups', 425 + i, made, 412),
              ]),
          hook('adopt_sockets', 'tracing', 'iter/tcp', 415 + i, 2, 48_000),
          { ...hook('walk_open', 'tracing', 'iter/bpf_sk_storage_map', 416 + i, 3480, 21_000) },
        ],
        bpfCpuShare: silent ? null : 0.0012 + 0.0003 * i,
        maps: [
          { name: 'records', type: 'ringbuf', maxEntries: 4_194_304, memoryBytes: 4_202_496 },
          {
            name: 'connection_of_socket',
            type: 'sk_storage',
            entries: 412 + 90 * i,
            maxEntries: 65_536,
            memoryBytes: 9_200_000,
          },
          {
            name: 'edge_counters',
            type: 'percpu_hash',
            entries: 61 + i,
            maxEntries: 8192,
            memoryBytes: 1_900_000,
          },
          { name: 'workload_of_cgroup', type: 'hash', entries: 3700, maxEntries: 4096, memoryBytes: 620_000 },
          {
            name: 'helper_errors',
            type: 'hash',
            entries: i === 1 ? 1 : 0,
            maxEntries: 256,
            memoryBytes: 31_000,
          },
        ],
        ring: { sizeBytes: 4_194_304, filledBytes: 18_432 * (i + 1), peakFilledBytes: 812_000 * (i + 1) },
        helperErrors: i === 1 ? [{ site: 'sk_storage_get', errno: 'ENOMEM', count: 3 }] : [],
        records: {
          made,
          received: made - waiting - lostSum,
          stored: made - waiting - lostSum,
          waiting,
          lost,
        },
        requests: null,
        legs: null,
        connections: {
          open: silent ? null : 1840 + 310 * i,
          openedPerSecond: silent ? null : 36.4 / (1 + i / 4),
          connects: silent ? null : Math.round(made / 2),
        },
        clockSkewMs: silent ? null : i === 1 ? 1840 : 12,
      };
    }),
    next: null,
  };
};

export const status = (now, state) => {
  const all = nodes(now, state).items;
  const sum = (key) => all.reduce((total, node) => total + node.records[key], 0);
  const lost = all.map((node) => node.records.lost).reduce(addCounts, {});
  const edgesNow = state === 'empty' ? [] : worldOf(state).edges.map(edgeOf);
  const rate =
    edgesNow.reduce((total, edge) => total + edge.rate * swing(edge.port, now), 0) *
    (isPartial(state) ? 0.66 : 1);
  const wobble = 0.8 + 0.4 * noise(Math.floor(now / 1000));
  return {
    version: '0.1.0',
    cluster: state === 'many' ? 'prod-eu' : 'demo',
    startedAt: iso(COLLECTOR_STARTED),
    now: iso(now),
    nodes: {
      total: all.length,
      reporting: all.filter((node) => node.state === 'reporting').length,
      silent: all
        .filter((node) => node.state === 'silent')
        .map(({ name, lastSeenAt }) => ({ name, lastSeenAt })),
    },
    records: {
      made: sum('made'),
      received: sum('received'),
      stored: sum('stored'),
      waiting: sum('waiting'),
      lost,
    },
    requests: null,
    rates: { connectionsPerSecond: rate * wobble, recordsPerSecond: rate * 2 * wobble },
    openConnections: Math.round(rate * 1.7),
    store: {
      driver: 'duckdb',
      state: 'ok',
      message: null,
      rows: sum('stored'),
      bytes: sum('stored') * 31,
      oldest: all.length === 0 ? null : iso(COLLECTOR_STARTED + 61_000),
      retentionSeconds: 604_800,
    },
    observerCpuShare:
      all.length === 0
        ? null
        : all.reduce((total, node) => total + (node.agent.cpuShare ?? 0) + (node.bpfCpuShare ?? 0), 0),
    firstRecordAt: all.length === 0 || state === 'waiting' ? null : iso(COLLECTOR_STARTED + 61_000),
  };
};
