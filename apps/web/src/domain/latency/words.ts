// SPDX-License-Identifier: Apache-2.0
import type {
  Change,
  Comparison,
  Difference,
  Latency,
  LatencyConnections,
  Traffic,
  Verdict,
} from '@undermesh/schema';
import {
  formatClock,
  formatDuration,
  formatNumber,
  formatSeconds,
  formatShare,
  NBSP,
  plural,
} from '../format';
import { type Cell, countAt, type HeatGrid } from './heat';

/** Sentences of the latency page. */

/** Ten samples beyond p99: with fewer it cannot be compared. */
export const SAMPLES_NEEDED = 1000;

const percent = (share: number): string =>
  `${formatNumber(Math.abs(share) * 100, Math.abs(share) < 0.095 ? 1 : 0).replace(/\.0$/, '')}${NBSP}%`;

const find = (comparison: Comparison, figure: Difference['figure']): Difference | undefined =>
  comparison.differences.find((one) => one.figure === figure);

/** `Faster. p99 fell by 21 %.` */
export function verdictSentence(comparison: Comparison, noun = 'requests'): string {
  const p99 = find(comparison, 'p99');
  switch (comparison.verdict) {
    case 'faster':
      return p99?.change == null ? 'Faster.' : `Faster. p99 fell by ${percent(p99.change)}.`;
    case 'slower':
      return p99?.change == null ? 'Slower.' : `Slower. p99 rose by ${percent(p99.change)}.`;
    case 'no_difference':
      return 'No difference that shows.';
    case 'not_enough_data': {
      const before = comparison.a.distribution.quantiles.count;
      const after = comparison.b.distribution.quantiles.count;
      const [few, when] = before <= after ? [before, 'before'] : [after, 'after'];
      const counted = `${formatNumber(few)} ${few === 1 ? noun.replace(/s\b/, '') : noun} ${when}`;
      return few < SAMPLES_NEEDED
        ? `Not enough data: ${counted}, ${formatNumber(SAMPLES_NEEDED)} needed.`
        : 'Not enough data: each side needs a minute with traffic.';
    }
  }
}

/** `95 % sure: by 16 to 25 %. Loads match within 2 %.` Empty when there is nothing to be sure of. */
export function certainty(comparison: Comparison): string {
  const p99 = find(comparison, 'p99');
  const parts: string[] = [];
  if (p99?.low != null && p99.high != null && comparison.verdict !== 'not_enough_data') {
    const bounds = [p99.low, p99.high].map(Math.abs).sort((a, b) => a - b);
    parts.push(
      comparison.verdict === 'no_difference'
        ? `95${NBSP}% sure: p99 changed by ${signed(p99.low)} to ${signed(p99.high)}.`
        : `95${NBSP}% sure: by ${formatNumber((bounds[0] ?? 0) * 100)} to ${percent(bounds[1] ?? 0)}.`,
    );
  }
  const load = find(comparison, 'requests_per_second')?.change;
  if (load != null) {
    parts.push(
      Math.abs(load) <= 0.1
        ? `Loads match within ${formatNumber(Math.max(1, Math.ceil(Math.abs(load) * 100)))}${NBSP}%.`
        : `The load differs: ${percent(load)} ${load > 0 ? 'more' : 'less'} after.`,
    );
  }
  return parts.join(' ');
}

/** A relative change: `−21 %`, `+4 %`, `0 %`. */
export const signed = (share: number): string => {
  const rounded = Number((share * 100).toFixed(Math.abs(share) < 0.0095 ? 1 : 0));
  return `${rounded > 0 ? '+' : rounded < 0 ? '−' : ''}${formatNumber(Math.abs(rounded), Number.isInteger(rounded) ? 0 : 1)}${NBSP}%`;
};

/** A difference of shares, in percentage points: `+0.4 pt`, `0`. */
export const points = (difference: number): string => {
  const value = difference * 100;
  if (Math.abs(value) < 0.005) return '0';
  return `${value > 0 ? '+' : '−'}${formatNumber(Math.abs(value), Math.abs(value) < 9.95 ? 2 : 0)}${NBSP}pt`;
};

/** How a verdict reads in a list of changes. */
export const verdictWords = (verdict: Verdict): string =>
  (
    ({
      faster: 'Faster since',
      slower: 'Slower since',
      no_difference: 'No difference',
      not_enough_data: 'Not enough data',
    }) as const
  )[verdict];

/** A row of the comparison: `application` bears the destination's name. */
export const differenceName = (figure: Difference['figure'], destination: string): string =>
  (
    ({
      mean: 'Mean',
      network: 'Network, mean',
      application: `${destination}, mean`,
      local: 'Local queue, mean',
      round_trip: 'Smoothed round trip',
      failed_share: 'Failed',
      requests_per_second: 'Requests /s',
    }) as Partial<Record<Difference['figure'], string>>
  )[figure] ?? figure;

/** The name alone of `namespace/name`. */
export const bare = (subject: string): string => subject.slice(subject.lastIndexOf('/') + 1);

/** What happened, without versions: `Agent on shop-2 restarted`. */
export function changeTitle(change: Change): string {
  const subject = bare(change.subject);
  switch (change.kind) {
    case 'node_joined':
      return `${subject} joined`;
    case 'node_silent':
      return `${subject} went silent`;
    case 'node_back':
      return `${subject} is back`;
    case 'agent_restarted':
      return `Agent on ${subject} restarted`;
    case 'agent_version':
      return `Agent on ${subject}`;
    case 'workload_appeared':
      return `${subject} appeared`;
    case 'workload_version':
      return `Version of ${subject}`;
    case 'edge_appeared': {
      const [from = '', to = ''] = change.subject.split(' > ');
      return `${bare(from)} → ${bare(to)} is new`;
    }
    case 'engine_set':
      return `Engine of ${subject}`;
    case 'engine_adopted':
      return `Engine of ${subject} was taken over`;
    case 'engine_refused':
      return `${subject} refused`;
    case 'engine_drifted':
      return `${subject} drifted`;
    case 'engine_mended':
      return `${subject} was put right`;
    case 'agent_invited':
      return `Agent on ${subject} was invited`;
    case 'agent_joined':
      return `Agent on ${subject} got a certificate`;
    case 'agent_removed':
      return `Agent on ${subject} was removed`;
    case 'log_broken':
      return 'The change log was broken';
  }
}
/** `1.4.0 → 1.5.0`, or the one that is known; `null` where nothing stepped from one to another. */
export const changeStep = ({ before, after }: Change): string | null =>
  before !== null && after !== null ? `${before} → ${after}` : (after ?? before);

/** On a flag: `catalogue 2.3.1 → 2.4.0`, `shop-2 off → dual-engine`, or what happened. */
export const changeFlag = (change: Change): string => {
  const step = changeStep(change);
  if (step === null) return changeTitle(change);
  const named = change.kind === 'workload_version' || change.kind === 'engine_set';
  return `${named ? bare(change.subject) : changeTitle(change)} ${step}`;
};

/** `2.8 to 4.0 ms`, each with its unit where they differ. */
export const rangeWords = (lowUs: number, highUs: number): string => {
  const low = formatDuration(lowUs);
  const high = formatDuration(highUs);
  const [value = low, unit] = low.split(NBSP);
  return unit !== undefined && high.endsWith(NBSP + unit) ? `${value} to ${high}` : `${low} to ${high}`;
};

/** From when to when, as exact as the steps are. */
export const spanWords = (from: number, to: number): string =>
  (to - from) % 60_000 === 0 && from % 60_000 === 0
    ? `${formatClock(from)} to ${formatClock(to)}`
    : `${formatSeconds(from)} to ${formatSeconds(to)}`;

/** To the minute: for places where little room is left. */
export const clockSpan = (from: number, to: number): string => `${formatClock(from)} to ${formatClock(to)}`;

/** A cell of the heat map in one sentence. */
export function cellWords(grid: HeatGrid, cell: Cell, noun: string): string {
  const from = grid.from + cell.column * grid.step;
  const when = spanWords(from, from + grid.step);
  const row = grid.rows[cell.row];
  if (grid.absent.has(cell.column)) return `${when}: nobody reported.`;
  if (row === undefined) return `${when}.`;
  const count = countAt(grid, cell.column, cell.row);
  const total = grid.totals[cell.column] ?? 0;
  const whole = (grid.covered[cell.column] ?? 1) > 0.99;
  return `${when}, ${rangeWords(row.lowUs, row.highUs)}: ${formatNumber(count)} ${noun}${total > 0 && count > 0 ? `, ${formatShare(count / total)} of them` : ''}${whole ? '' : ' so far'}.`;
}

const PROTOCOL_WORDS: readonly [keyof Traffic['protocols'], string, string][] = [
  ['tls', 'TLS connection', 'TLS connections'],
  ['http2', 'HTTP/2 connection', 'HTTP/2 connections'],
  ['other', 'other connection', 'other connections'],
];
/** What carries no request latency, with its counts: `312 TLS connections`. Empty when all is timed. */
export const untimed = ({ protocols }: Traffic): string[] =>
  PROTOCOL_WORDS.flatMap(([key, one, many]) => {
    const count = protocols[key] ?? 0;
    return count === 0 ? [] : [plural(count, one, many)];
  });

/** Share of requests whose parts were measured at both ends; `null` when none were. */
export const seenByBoth = ({ time, traffic }: Pick<Latency, 'time' | 'traffic'>): number | null =>
  time.total === null ||
  time.total.basis !== 'both' ||
  traffic.requests === null ||
  traffic.requests.total === 0
    ? null
    : Math.min(1, time.total.requests / traffic.requests.total);

/** Where the time goes, in a sentence; `null` when it is not known. */
export function blame(
  split: { networkUs: number | null; applicationUs: number | null; totalUs: number | null },
  destination: string,
): string | null {
  const { networkUs, applicationUs, totalUs } = split;
  if (networkUs === null || applicationUs === null || totalUs === null || totalUs === 0) return null;
  const [network, application] = [networkUs / totalUs, applicationUs / totalUs];
  if (application >= 0.8)
    return `The network is not the cause: ${destination} itself takes ${formatShare(application)} of the time.`;
  if (network >= 0.5)
    return `The network is the cause: it takes ${formatShare(network)} of the time, ${destination} ${formatShare(application)}.`;
  return `${destination} takes ${formatShare(application)} of the time, the network ${formatShare(network)}.`;
}

type Contrast = LatencyConnections['contrasts'][number];
const CONTRAST_WORDS: Record<Contrast['attribute'], (value: string) => string> = {
  source_node: (value) => `from node ${value}`,
  destination_node: (value) => `on node ${value}`,
  version: (value) => `version ${value}`,
  method: (value) => value,
  status: (value) => `status ${value}`,
  retransmits: (value) => (/^(no|none|0|false)$/.test(value) ? 'without retransmits' : 'with retransmits'),
  port: (value) => `port ${value}`,
};
/** What a contrast is about: `version v2`. */
export const contrastName = ({ attribute, value }: Contrast): string => CONTRAST_WORDS[attribute](value);
/** How much a contrast tells apart, 0 to 1. */
export const contrastSize = ({ inside, outside }: Contrast): number => Math.abs(inside - outside);
