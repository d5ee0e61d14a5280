// SPDX-License-Identifier: Apache-2.0
import { CLOSE_REASONS, FAILURE_REASONS, type Health, PROTOCOLS, STATUS_CLASSES } from '@undermesh/schema';
import { quantilesOf } from './histogram.js';
import { Sample, type TrafficSum } from './traffic.js';

const UNANSWERED = STATUS_CLASSES.indexOf('none');
const RESETS = [CLOSE_REASONS.indexOf('local_reset'), CLOSE_REASONS.indexOf('peer_reset')];
const HTTP = PROTOCOLS.indexOf('http1');

/** The stretch that health is judged by, ending now. */
export const HEALTH_WINDOW_MS = 60_000;

const commonest = (names: readonly string[], counts: readonly number[]): string => {
  let best = 0;
  for (let i = 1; i < counts.length; i++) if ((counts[i] ?? 0) > (counts[best] ?? 0)) best = i;
  return (names[best] ?? 'failed').replace(/^connect_/, '').replaceAll('_', ' ');
};

const failureReason = (sum: TrafficSum): string => commonest(FAILURE_REASONS, sum.failed);
/** The first two of {@link CLOSE_REASONS} are normal ends. */
const brokenReason = (sum: TrafficSum): string => commonest(CLOSE_REASONS.slice(2), sum.ended.slice(2));

/**
 * Resets that cost nobody anything: proxies close idle connections so. They can be told where HTTP is all that was carried,
 * by there being no request without an answer for them.
 */
function harmlessResets({ ended, protocols, requests }: TrafficSum): number {
  const onlyHttp = requests.total > 0 && protocols.every((count, at) => at === HTTP || count === 0);
  if (!onlyHttp) return 0;
  const resets = RESETS.reduce((sum, at) => sum + (ended[at] ?? 0), 0);
  return Math.max(0, resets - (requests.statuses[UNANSWERED] ?? 0));
}

/** What a rule goes by: a count, out of what, and what to call it. */
interface Measure {
  readonly count: (sum: TrafficSum) => number;
  readonly outOf: (sum: TrafficSum) => number;
  readonly reason: (sum: TrafficSum) => string;
}

const CONNECTS: Measure = {
  count: (sum) => sum.failures,
  outOf: (sum) => sum.opened + sum.failures,
  reason: failureReason,
};
const ENDS: Measure = {
  count: (sum) => sum.broken - harmlessResets(sum),
  outOf: (sum) => sum.closed,
  reason: brokenReason,
};
const SEGMENTS: Measure = {
  count: (sum) => sum.retransmits,
  outOf: (sum) => sum.segments,
  reason: () => 'retransmits',
};

/** One rule; the first that holds decides. */
interface HealthRule {
  readonly health: Health;
  readonly of: Measure;
  /** Holds when the count is at least this, out of at least that many, and its share above the limit. */
  readonly least: number;
  readonly leastOutOf: number;
  readonly share: number;
}

/** From where on requests make an edge unwell; set under `health:` in the configuration. */
export interface HealthLimits {
  /** Share of requests with a server error or no answer, 0 to 1. */
  readonly requestErrors: number;
  /** p99 of the time to the first byte, ms; 0: none. */
  readonly p99Ms: number;
}
export const DEFAULT_LIMITS: HealthLimits = { requestErrors: 0.01, p99Ms: 0 };

/** Requests with a time that a p99 needs to be spoken of. */
const TIMED_FOR_P99 = 100;
/** Stands between a figure and its unit. */
const NO_BREAK = '\u00a0';

/** What makes an edge or a vertex (by what comes in) unwell. The API, the dashboard and alerts all go by this. */
export const HEALTH_RULES: readonly HealthRule[] = [
  { health: 'failing', of: CONNECTS, least: 3, leastOutOf: 3, share: 0.005 },
  // Rare, but none got through.
  { health: 'failing', of: CONNECTS, least: 1, leastOutOf: 1, share: 0.999 },
  { health: 'failing', of: ENDS, least: 3, leastOutOf: 3, share: 0.05 },
  { health: 'warning', of: ENDS, least: 1, leastOutOf: 10, share: 0.005 },
  { health: 'warning', of: SEGMENTS, least: 5, leastOutOf: 100, share: 0.02 },
];

export interface Verdict {
  readonly health: Health;
  readonly reason: string | null;
}

export const WELL: Verdict = { health: 'ok', reason: null };

/** Judges the figures of {@link HEALTH_WINDOW_MS}; their samples are needed when there is a limit for p99. */
export function judge(sum: TrafficSum, limits: HealthLimits = DEFAULT_LIMITS): Verdict {
  const rule = HEALTH_RULES.find((one) => holds(one, sum));
  if (rule !== undefined) return { health: rule.health, reason: rule.of.reason(sum) };
  return judgeRequests(sum, limits);
}

/** Whether so many connects failed that it is worth a word, however long ago. */
export const connectsFailed = (sum: TrafficSum): boolean =>
  HEALTH_RULES.some((rule) => rule.of === CONNECTS && holds(rule, sum));

function holds({ of, least, leastOutOf, share }: HealthRule, sum: TrafficSum): boolean {
  const count = of.count(sum);
  const outOf = of.outOf(sum);
  return count >= least && outOf >= leastOutOf && count > share * outOf;
}

function judgeRequests({ requests, samples }: TrafficSum, limits: HealthLimits): Verdict {
  const { errors, total } = requests;
  if (errors >= 3 && errors > limits.requestErrors * total) {
    const unanswered = requests.statuses[UNANSWERED] ?? 0;
    const what = unanswered * 2 > errors ? 'unanswered' : '5xx';
    return { health: 'warning', reason: `${what} ${shareOf(errors / total)}` };
  }
  const bins = samples[Sample.firstByteUs];
  if (limits.p99Ms === 0 || bins === undefined || bins.total < TIMED_FOR_P99) return WELL;
  const p99Ms = (quantilesOf(bins).p99 ?? 0) / 1000;
  if (p99Ms <= limits.p99Ms) return WELL;
  const milliseconds = (value: number): string => `${rounded(value)}${NO_BREAK}ms`;
  return {
    health: 'warning',
    reason: `p99 ${milliseconds(p99Ms)}, limit ${milliseconds(limits.p99Ms)}`,
  };
}

/** Two digits where they matter. */
const rounded = (value: number): number => (value < 10 ? Math.round(value * 10) / 10 : Math.round(value));
const shareOf = (share: number): string => `${rounded(share * 100)}${NO_BREAK}%`;

/** Remembers since when things are as they are. */
export class HealthMemory {
  #verdicts = new Map<string, Verdict & { readonly since: number }>();

  /** Takes the verdicts of a moment; whatever is not among them is well again. */
  update(verdicts: ReadonlyMap<string, Verdict>, now: number): void {
    const next = new Map<string, Verdict & { since: number }>();
    for (const [id, verdict] of verdicts) {
      const before = this.#verdicts.get(id);
      const since = before !== undefined && before.health === verdict.health ? before.since : now;
      next.set(id, { ...verdict, since });
    }
    this.#verdicts = next;
  }

  /** `undefined`: well. */
  get(id: string): (Verdict & { readonly since: number }) | undefined {
    return this.#verdicts.get(id);
  }
}
