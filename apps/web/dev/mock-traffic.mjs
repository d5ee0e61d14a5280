// SPDX-License-Identifier: Apache-2.0
// Figures of the traffic of invented edges.
import { requestsOf } from './mock-http.mjs';
import { CHANGE_TIMES, iso, isPartial, noise, protocolsOf, SILENT, SILENT_MS } from './mock-world.mjs';

/** Share of the usual rate at a moment: slow waves and some noise. */
export const swing = (seed, at) =>
  1 + 0.06 * Math.sin(at / 97_000 + seed) + 0.08 * (noise(seed + Math.floor(at / 10_000)) - 0.5);
export const refusedAt = (edge, at, now) =>
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

export const trafficOf = (edge, seconds, now, share = 1) => {
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
export const addCounts = (a, b) => {
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
export const seriesOf = (edges, window, now, state) => {
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
