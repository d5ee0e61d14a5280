// SPDX-License-Identifier: Apache-2.0
import type { Edge, Traffic, Window } from '@undermesh/schema';
import { formatBytes, formatCompact, formatDuration, formatRate, formatShare, NBSP } from '../format';
import { failedShare, perSecond, requestErrorShare, retransmitShare, totalBytes } from '../traffic';
import { healthReasonWords } from '../words';

/** One figure of an edge or a vertex, as it is coloured, labelled and asked for. `null`: not known. */
export interface Measure {
  id: string;
  /** As it stands in menus. */
  name: string;
  value: (traffic: Traffic, window: Window) => number | null;
  format: (value: number | null) => string;
  /** Spread over powers of ten. */
  log: boolean;
}

/** A rate as the map says it: short. */
export const rateText = (value: number | null): string =>
  value === null ? formatRate(value) : `${value >= 1000 ? formatCompact(value) : formatRate(value)}/s`;
const bytesText = (value: number | null) => (value === null ? formatBytes(value) : `${formatBytes(value)}/s`);

/** Time to the first byte of the answer that the given share of HTTP requests took at most. */
const requestTime = (key: 'p50' | 'p95' | 'p99'): Measure => ({
  id: key,
  name: key,
  value: (traffic) => traffic.requests?.firstByteUs[key] ?? null,
  format: formatDuration,
  log: true,
});

/** Every measure, with the words of the find language as keys. */
export const MEASURES = {
  requests: {
    id: 'requests',
    name: 'Requests',
    value: (traffic, window) =>
      traffic.requests === null ? null : perSecond(traffic.requests.total, window),
    format: rateText,
    log: true,
  },
  errors: {
    id: 'errors',
    name: 'Errors',
    value: (traffic) => requestErrorShare(traffic.requests),
    format: formatShare,
    log: false,
  },
  p50: requestTime('p50'),
  p95: requestTime('p95'),
  p99: requestTime('p99'),
  rate: {
    id: 'rate',
    name: 'Connection rate',
    value: (traffic, window) => perSecond(traffic.opened, window),
    format: rateText,
    log: true,
  },
  failed: { id: 'failed', name: 'Failed share', value: failedShare, format: formatShare, log: false },
  bytes: {
    id: 'bytes',
    name: 'Bytes',
    value: (traffic, window) => perSecond(totalBytes(traffic), window),
    format: bytesText,
    log: true,
  },
  connect: {
    id: 'connect',
    name: 'Connect p99',
    value: (traffic) => traffic.connectUs.p99,
    format: formatDuration,
    log: true,
  },
  rtt: {
    id: 'rtt',
    name: 'Smoothed round trip p99',
    value: (traffic) => traffic.roundTripUs.p99,
    format: formatDuration,
    log: true,
  },
  retransmits: {
    id: 'retransmits',
    name: 'Retransmits',
    value: retransmitShare,
    format: formatShare,
    log: false,
  },
  open: {
    id: 'open',
    name: 'Open connections',
    value: (traffic) => traffic.open,
    format: (value) => (value === null ? formatRate(value) : `${formatRate(value)}${NBSP}open`),
    log: true,
  },
} as const satisfies Record<string, Measure>;
export type MeasureId = keyof typeof MEASURES;

export const COLOURS = [
  'health',
  'requests',
  'errors',
  'p50',
  'p95',
  'p99',
  'rtt',
  'retransmits',
  'rate',
  'failed',
  'connect',
  'bytes',
] as const;
export type Colour = (typeof COLOURS)[number];
export const colourName = (colour: Colour): string =>
  colour === 'health' ? 'Health' : MEASURES[colour].name;

/** What edges say: parts are joined by a middle dot, and what is not known is left out. */
export const LABELS = {
  'rate-p99': { name: 'Rate and p99', measures: ['requests', 'p99'], otherwise: ['rate'] },
  requests: { name: 'Requests', measures: ['requests'], otherwise: [] },
  errors: { name: 'Errors', measures: ['errors'], otherwise: [] },
  p50: { name: 'p50', measures: ['p50'], otherwise: [] },
  p95: { name: 'p95', measures: ['p95'], otherwise: [] },
  p99: { name: 'p99', measures: ['p99'], otherwise: [] },
  rtt: { name: 'Smoothed round trip p99', measures: ['rtt'], otherwise: [] },
  retransmits: { name: 'Retransmits', measures: ['retransmits'], otherwise: [] },
  rate: { name: 'Connection rate', measures: ['rate'], otherwise: [] },
  failed: { name: 'Failed share', measures: ['failed'], otherwise: [] },
  connect: { name: 'Connect p99', measures: ['connect'], otherwise: [] },
  bytes: { name: 'Bytes', measures: ['bytes'], otherwise: [] },
  open: { name: 'Open connections', measures: ['open'], otherwise: [] },
  none: { name: 'None', measures: [], otherwise: [] },
} as const satisfies Record<
  string,
  { name: string; measures: readonly MeasureId[]; otherwise: readonly MeasureId[] }
>;
export type Label = keyof typeof LABELS;
export const DEFAULT_LABEL: Label = 'rate-p99';

/** Requests per second where they are known, connections otherwise: what widths and cards go by. */
export const flowRate = (traffic: Traffic, window: Window): number | null =>
  MEASURES.requests.value(traffic, window) ?? MEASURES.rate.value(traffic, window);

const SUMS: ReadonlySet<MeasureId> = new Set(['requests', 'rate', 'bytes', 'open']);

/** Text of an edge: what is known of the chosen figures, `≥` before sums that miss a node. Empty when none is. */
export const labelOf = (edge: Edge, label: Label, window: Window): string => {
  const say = (ids: readonly MeasureId[]): string[] =>
    ids.flatMap((id) => {
      const { value, format } = MEASURES[id];
      const known = value(edge.traffic, window);
      return known === null ? [] : [(edge.partial && SUMS.has(id) ? `≥${NBSP}` : '') + format(known)];
    });
  const first = say(LABELS[label].measures);
  return (first.length > 0 ? first : say(LABELS[label].otherwise)).join(' · ');
};

/** What is wrong, shortly, with its share when it is about failed connects: `0.9 % refused`, `p99 231 ms`. */
export const troubleOf = (reason: string | null, traffic: Traffic): string | null => {
  if (reason === null) return null;
  const share = failedShare(traffic);
  const words = healthReasonWords(reason);
  return FAILED_REASONS.has(reason) && share !== null && share > 0 ? `${formatShare(share)} ${words}` : words;
};
const FAILED_REASONS = new Set(['refused', 'failed', 'connect timed out', 'unreachable', 'timed out']);

/** The limit that a reason names, in µs: `p99 231 ms, limit 50 ms`. `null` when it names none. */
export const limitOf = (reason: string | null): number | null => {
  const [, amount, unit] = /\blimit (\d+(?:\.\d+)?)\s*(µs|ms|s)\b/.exec(reason ?? '') ?? [];
  return amount === undefined ? null : Number(amount) * ({ µs: 1, ms: 1000, s: 1e6 }[unit ?? 'ms'] ?? 1000);
};
