// SPDX-License-Identifier: Apache-2.0
// Connections of an invented mesh.
import { engineOfNode } from './mock-engines.mjs';
import { SHOP_HTTP } from './mock-http.mjs';
import { refusedAt } from './mock-traffic.mjs';
import {
  edgeOf,
  hex,
  iso,
  isPartial,
  noise,
  SHOP,
  SILENT,
  SILENT_MS,
  textSeed,
  worldOf,
} from './mock-world.mjs';

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
