// SPDX-License-Identifier: Apache-2.0
import type { Edge, Traffic, Window } from '@undermesh/schema';
import { formatBytes, formatCompact, formatDuration, formatRate, formatShare, NBSP } from '../format';
import { failedShare, perSecond, retransmitShare, totalBytes } from '../traffic';

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

/** Every measure, with the words of the find language as keys. */
export const MEASURES = {
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
    name: 'Round trip p99',
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

export const COLOURS = ['health', 'rate', 'failed', 'bytes', 'connect', 'rtt', 'retransmits'] as const;
export type Colour = (typeof COLOURS)[number];
export const colourName = (colour: Colour): string =>
  colour === 'health' ? 'Health' : MEASURES[colour].name;

/** What edges say: parts are joined by a middle dot. */
export const LABELS = {
  rate: { name: 'Rate', measures: ['rate'] },
  'rate-connect': { name: 'Rate and p99', measures: ['rate', 'connect'] },
  bytes: { name: 'Bytes', measures: ['bytes'] },
  failed: { name: 'Failed', measures: ['failed'] },
  rtt: { name: 'Round trip p99', measures: ['rtt'] },
  open: { name: 'Open', measures: ['open'] },
  none: { name: 'None', measures: [] },
} as const satisfies Record<string, { name: string; measures: readonly MeasureId[] }>;
export type Label = keyof typeof LABELS;

/** Text of an edge: what is known of the chosen figures, `≥` before sums that miss a node. Empty when none is. */
export const labelOf = (edge: Edge, label: Label, window: Window): string =>
  LABELS[label].measures
    .flatMap((id) => {
      const { value, format } = MEASURES[id];
      const known = value(edge.traffic, window);
      const sum = id === 'rate' || id === 'bytes' || id === 'open';
      return known === null ? [] : [(edge.partial && sum ? `≥${NBSP}` : '') + format(known)];
    })
    .join(' · ');

/** What is wrong, with its share when it is about failed connects: `0.9 % refused`. */
export const troubleOf = (reason: string | null, traffic: Traffic): string | null => {
  const share = failedShare(traffic);
  const counted = reason !== null && FAILED_REASONS.has(reason) && share !== null && share > 0;
  return counted ? `${formatShare(share)} ${reason}` : reason;
};
const FAILED_REASONS = new Set(['refused', 'failed', 'connect timed out', 'unreachable', 'timed out']);
