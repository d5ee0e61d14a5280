// SPDX-License-Identifier: Apache-2.0
/** Invented answers of /latency, /latency/connections and /changes, from the same figures as the mock's edges. */
import { connectionAt, PERIOD_MS } from './mock-connections.mjs';
import { engineChanges } from './mock-engines.mjs';
import { countUpTo, meanOf, quantileOf, quantilesOf, splitOf, streamsOf } from './mock-http.mjs';
import { edgesAt, isNamed, vertexKey } from './mock-topology.mjs';
import { addTraffic, EMPTY_TRAFFIC } from './mock-traffic.mjs';
import { CHANGE_TIMES, iso, noise, silentNodes } from './mock-world.mjs';

const SILENT_MS = 252_000;
const ENOUGH = 1000;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400];

/** Edges that a query is about, with what they carry. */
const chosen = (query, now, state) => {
  const { found } = edgesAt(query.level ?? 'workload', query, now, state);
  return found.filter(
    ({ edge }) =>
      isNamed(query.source, edge.source, edge.sourceNamespace, edge.sourceName) &&
      isNamed(query.destination, edge.destination, edge.destinationNamespace, edge.destinationName),
  );
};

const plain = (count, medianUs, sigma) => [
  { count, mixture: [{ weight: 1, mu: Math.log(Math.max(1, medianUs)), sigma }] },
];

/** Streams of one measure over [from, to). */
const measured = (raws, measure, from, to) => {
  const seconds = (to - from) / 1000;
  if (measure === 'connect' || measure === 'round_trip') {
    const [share, sigma] = measure === 'connect' ? [1, 0.35] : [0.7, 0.25];
    return raws.flatMap((raw) => plain(raw.rate * seconds, raw.connectUs * share, sigma));
  }
  if (measure === 'lifetime') return raws.flatMap((raw) => plain(raw.rate * seconds, 18_200, 0.9));
  const scale = measure === 'last_byte' ? Math.log(1.12) : 0;
  return streamsOf(
    raws.flatMap(({ http }) => (http === null ? [] : [http])),
    from,
    to,
    CHANGE_TIMES,
  ).map(({ count, mixture }) => ({ count, mixture: mixture.map((one) => ({ ...one, mu: one.mu + scale })) }));
};

const distributionOf = (streams) => {
  const quantiles = quantilesOf(streams);
  return {
    quantiles,
    meanUs: meanOf(streams),
    ecdf:
      quantiles.count === 0
        ? []
        : Array.from({ length: 90 }, (_, i) => {
            const share = i < 80 ? (i + 0.5) / 82 : 0.976 + ((i - 80) / 9) * 0.0239;
            return [quantileOf(streams, Math.min(0.9999, share)) ?? 0, Math.min(1, share)];
          }),
  };
};

const wobble = (seed, spread) => 1 + spread * (noise(seed) - 0.5);
const wobbled = (value, factor) => (value === null ? null : Math.round(value * factor));

/** Percentiles by step, a little uneven, as measured ones are. */
const linesOf = (streamsAt, grid) => {
  const lines = { count: [], p50: [], p90: [], p95: [], p99: [] };
  for (let column = 0; column < grid.columns; column += 1) {
    const absent = grid.absent.includes(column);
    const at = grid.from + column * grid.step;
    const quantiles = absent ? null : quantilesOf(streamsAt(at, Math.min(at + grid.step, grid.to)));
    const seed = Math.floor(at / 1000);
    lines.count.push(absent ? null : Math.round(quantiles.count * wobble(seed, 0.08)));
    for (const [key, spread] of [
      ['p50', 0.06],
      ['p90', 0.1],
      ['p95', 0.14],
      ['p99', 0.2],
    ]) {
      lines[key].push(wobbled(quantiles?.[key] ?? null, wobble(seed + key.charCodeAt(1) * 7, spread)));
    }
  }
  return lines;
};

const gridOf = (query, now, state) => {
  const to = query.to === undefined ? now : Date.parse(query.to);
  const seconds = Number(query.window ?? 1800);
  const columns = Number(query.columns ?? 120);
  const stepSeconds = STEPS.find((step) => seconds / step <= columns) ?? 86_400;
  const step = stepSeconds * 1000;
  const from = Math.floor((to - seconds * 1000) / step) * step;
  const count = Math.min(columns, Math.ceil((to - from) / step));
  const absent = [];
  if (state === 'partial') {
    for (let column = 0; column < count; column += 1) {
      const at = from + column * step;
      if (at > now - 1_100_000 && at < now - 1_100_000 + SILENT_MS) absent.push(column);
    }
  }
  return { from, to, seconds, step, stepSeconds, columns: count, absent };
};

const heatOf = (streamsAt, grid) => {
  const whole = streamsAt(grid.from, grid.to);
  const total = whole.reduce((sum, { count }) => sum + count, 0);
  const bordersUs = [];
  const cells = [];
  if (total >= 1) {
    const low = Math.floor(4 * Math.log2(quantileOf(whole, 0.0005) ?? 1));
    const high = Math.ceil(4 * Math.log2(quantileOf(whole, 0.99995) ?? 2)) + 1;
    for (let k = low; k <= high; k += 1) bordersUs.push(2 ** (k / 4));
    for (let column = 0; column < grid.columns; column += 1) {
      if (grid.absent.includes(column)) continue;
      const at = grid.from + column * grid.step;
      const streams = streamsAt(at, Math.min(at + grid.step, grid.to));
      const shift = wobble(Math.floor(at / 1000), 0.08);
      let below = 0;
      bordersUs.forEach((border, row) => {
        const upTo = countUpTo(streams, border * shift);
        const expected = (upTo - below) * wobble(row * 131 + Math.floor(at / 1000), 0.22);
        below = upTo;
        const count =
          expected >= 1 ? Math.round(expected) : noise(row * 17 + Math.floor(at / 1000)) < expected ? 1 : 0;
        if (count > 0) cells.push([column, row, count]);
      });
    }
  }
  return {
    from: iso(grid.from),
    stepSeconds: grid.stepSeconds,
    columns: grid.columns,
    bordersUs,
    cells,
    absent: grid.absent,
  };
};

const scaled = (streams, share, factor) =>
  streams.map(({ count, mixture }) => ({
    count: count * share,
    mixture: mixture.map((one) => ({ ...one, mu: one.mu + Math.log(factor) })),
  }));

const SPLITS = {
  node: [
    ['shop-1', 0.56, 0.92],
    ['shop-2', 0.44, 1.14],
  ],
  status: [
    ['2xx', 0.985, 1],
    ['4xx', 0.012, 0.4],
    ['5xx', 0.003, 2.6],
  ],
  time: [
    ['total', 1, 1],
    ['application', 1, 0.9],
  ],
};

const timeOf = (raws, grid, basis) => {
  const https = raws.flatMap(({ http }) => (http === null ? [] : [http]));
  const at = (from, to) => splitOf(https, { from, to, changeTimes: CHANGE_TIMES, basis });
  const steps = Array.from({ length: grid.columns }, (_, column) => {
    if (grid.absent.includes(column) || https.length === 0) return null;
    const from = grid.from + column * grid.step;
    return at(from, Math.min(from + grid.step, grid.to));
  });
  const course = (key, spread) =>
    steps.map((split, column) =>
      wobbled(split?.[key] ?? null, wobble(Math.floor((grid.from + column * grid.step) / 1000), spread)),
    );
  return {
    total: https.length === 0 ? null : at(grid.from, grid.to),
    networkUs: course('networkUs', 0.12),
    applicationUs: course('applicationUs', 0.1),
    localUs: course('localUs', 0.3),
  };
};

const compare = (raws, query, measure, now) => {
  const window = (from, to) => ({
    from: iso(from),
    to: iso(to),
    seconds: (to - from) / 1000,
    resolutionSeconds: 10,
  });
  const asked = [Date.parse(query.compareFrom), Date.parse(query.compareTo)];
  const to = query.to === undefined ? now : Date.parse(query.to);
  const own = [to - Number(query.window ?? 1800) * 1000, to];
  const [first, second] = asked[0] <= own[0] ? [asked, own] : [own, asked];
  const side = ([from, until]) => {
    const streams = measured(raws, measure, from, until);
    const https = raws.flatMap(({ http }) => (http === null ? [] : [http]));
    return {
      window: window(from, until),
      distribution: distributionOf(streams),
      split: https.length === 0 ? null : splitOf(https, { from, to: until, changeTimes: CHANGE_TIMES }),
    };
  };
  const a = side(first);
  const b = side(second);
  const counts = [a, b].map(({ distribution }) => distribution.quantiles.count);
  const few = Math.min(...counts);
  const difference = (figure, [before, after], width) => {
    if (before === null || after === null || (before === 0 && figure !== 'failed_share')) {
      return { figure, before, after, change: null, low: null, high: null, verdict: 'not_enough_data' };
    }
    const change = figure === 'failed_share' ? after - before : (after - before) / before;
    const spread = width * Math.min(8, Math.sqrt(1e6 / Math.max(1, few)));
    const [low, high] = [change - spread, change + spread * 1.1];
    const verdict =
      few < ENOUGH ? 'not_enough_data' : high < 0 ? 'faster' : low > 0 ? 'slower' : 'no_difference';
    return { figure, before, after, change, low, high, verdict };
  };
  const q = (key) => [a.distribution.quantiles[key], b.distribution.quantiles[key]];
  const s = (key) => [a.split?.[key] ?? null, b.split?.[key] ?? null];
  const differences = [
    difference('p50', q('p50'), 0.012),
    difference('p90', q('p90'), 0.018),
    difference('p95', q('p95'), 0.022),
    difference('p99', q('p99'), 0.042),
    difference('mean', [a.distribution.meanUs, b.distribution.meanUs], 0.015),
    difference('network', s('networkUs'), 0.02),
    difference('application', s('applicationUs'), 0.03),
    difference('local', s('localUs'), 0.05),
    difference('round_trip', [210, 210], 0.03),
    difference('failed_share', [0.0001, 0.0001], 0.00008),
    difference('requests_per_second', [counts[0] / a.window.seconds, counts[1] / b.window.seconds], 0.02),
  ];
  return { a, b, differences, verdict: differences.find(({ figure }) => figure === 'p99').verdict };
};

export const latency = (query, now, state) => {
  const measure = query.measure ?? 'first_byte';
  const grid = gridOf(query, now, state);
  const picked = chosen(query, now, state);
  const raws = picked.flatMap(({ raw }) => raw);
  const streamsAt = (from, to) => measured(raws, measure, from, to);
  const split = query.split ?? 'none';
  const both = picked.every(({ edge }) => edge.seenBy === 'both');
  return {
    window: {
      from: iso(grid.to - grid.seconds * 1000),
      to: iso(grid.to),
      seconds: grid.seconds,
      resolutionSeconds: grid.seconds <= 3600 ? 10 : 60,
    },
    measure,
    reporter: query.reporter ?? 'source',
    relativeError: 0.02,
    heat: heatOf(streamsAt, grid),
    lines: linesOf(streamsAt, grid),
    distribution: distributionOf(streamsAt(grid.from, grid.to)),
    parts: (SPLITS[split] ?? []).map(([key, share, factor]) => {
      const partAt = (from, to) => scaled(streamsAt(from, to), share, factor);
      return {
        key,
        distribution: distributionOf(partAt(grid.from, grid.to)),
        lines: linesOf(partAt, grid),
      };
    }),
    time: timeOf(raws, grid, both ? 'both' : 'source'),
    traffic: picked.map(({ edge }) => edge.traffic).reduce(addTraffic, EMPTY_TRAFFIC()),
    comparison: query.compareFrom === undefined ? null : compare(raws, query, measure, now),
    missingNodes: silentNodes(state),
  };
};

export const latencyConnections = (query, now, state) => {
  const picked = chosen({ ...query, window: 1800 }, now, state);
  const raws = picked.flatMap(({ raw }) => raw);
  const [from, to] = [Date.parse(query.from), Date.parse(query.to)];
  const streams = measured(raws, query.measure ?? 'first_byte', from, to);
  const total = Math.round(streams.reduce((sum, { count }) => sum + count, 0));
  const inside = Math.round(countUpTo(streams, query.maxUs) - countUpTo(streams, query.minUs));
  const ids = new Set(picked.map(({ edge }) => `${edge.source}>${edge.destination}`));
  const level = query.level ?? 'workload';
  const limit = query.limit ?? 50;
  const items = [];
  for (let k = Math.floor(to / PERIOD_MS); k * PERIOD_MS > from - 60_000 && items.length < limit; k -= 1) {
    const connection = connectionAt(k, now, state);
    const id = [connection.source, connection.destination]
      .map((peer) => vertexKey(level, { ...peer, name: peer.workload }))
      .join('>');
    if (!ids.has(id) || connection.state === 'failed') continue;
    const place = noise(k + 7) ** 1.6;
    items.push({
      connection,
      requests: 1 + Math.floor(noise(k + 11) * 24),
      slowestUs: Math.round(
        query.minUs + (Math.min(query.maxUs, query.minUs * 4 + 1000) - query.minUs) * place,
      ),
      statusClasses: noise(k + 13) < 0.06 ? ['2xx', '5xx'] : ['2xx'],
    });
  }
  items.sort((a, b) => b.slowestUs - a.slowestUs);
  const slow = query.minUs > (quantileOf(streams, 0.8) ?? 0);
  return {
    items: inside < 1 ? [] : items.slice(0, Math.max(1, Math.min(items.length, inside))),
    inside,
    outside: Math.max(0, total - inside),
    contrasts:
      inside < 1
        ? []
        : slow
          ? [
              { attribute: 'version', value: 'v2', inside: 0.92, outside: 0.18 },
              { attribute: 'destination_node', value: 'shop-2', inside: 0.94, outside: 0.51 },
              { attribute: 'retransmits', value: 'yes', inside: 0.11, outside: 0.01 },
              { attribute: 'method', value: 'POST', inside: 0.08, outside: 0.04 },
              { attribute: 'status', value: '5xx', inside: 0.02, outside: 0 },
            ]
          : [
              { attribute: 'destination_node', value: 'shop-2', inside: 0.52, outside: 0.5 },
              { attribute: 'method', value: 'GET', inside: 0.97, outside: 0.96 },
            ],
    more: Math.max(0, Math.round(inside / 9) - items.length),
  };
};

const change = (number, kind, subject, before, after) => ({
  number,
  time: iso(CHANGE_TIMES[number]),
  kind,
  subject,
  before,
  after,
});
const CHANGES = [
  change(118, 'workload_version', 'shop/catalogue', '2.3.1', '2.4.0'),
  change(117, 'workload_version', 'shop/ratings', '1.4.0', '1.5.0'),
  change(116, 'agent_restarted', 'shop-2', null, null),
  change(112, 'edge_appeared', 'shop/front > checkout/orders', null, null),
];
/** Names that a change touches. */
const touched = ({ number, subject }) =>
  number === 116 ? ['shop/catalogue', 'shop/ratings', 'shop/reviews', 'shop-2'] : subject.split(' > ');

export const changes = (query, now, state) => {
  if (state === 'empty') return { items: [], next: null };
  const asked = [query.source, query.destination, query.node].filter((one) => one !== undefined);
  const to = query.to === undefined ? now : Date.parse(query.to);
  const names = (text) =>
    text.split(',').map((one) => one.replace(/^workload\//, '').replace(/^(\w+\/[^/]+)\/.*/, '$1'));
  const all = [...engineChanges(now, state), ...(state === 'many' ? [] : CHANGES)];
  const items = all.filter(
    (one) =>
      (query.kind === undefined || query.kind.split(',').includes(one.kind)) &&
      Date.parse(one.time) <= to &&
      Date.parse(one.time) >= to - Number(query.window ?? 1800) * 1000 &&
      (asked.length === 0 || asked.some((text) => names(text).some((name) => touched(one).includes(name)))),
  );
  return { items: items.slice(0, query.limit ?? 100), next: null };
};
