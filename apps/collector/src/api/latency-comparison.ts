// SPDX-License-Identifier: Apache-2.0
import type { Difference, Verdict } from '@undermesh/schema';
import { Bins } from '../aggregate/bins.js';
import { interpolatedQuantile, meanOf, RELATIVE_ERROR } from '../aggregate/histogram.js';
import { RequestSum } from '../aggregate/requests.js';
import type { TimeSum } from '../aggregate/time-split.js';
import type { LatencyStep } from './latency-window.js';

/**
 * Compares two windows, each given as blocks of equal length. Requests that lie close in time are not independent of
 * each other, so whole blocks are drawn again and again (the bootstrap of blocks: Künsch 1989), and what a figure varies
 * between draws is its standard error; docs/decisions/0006 says more.
 */

/** Draws of blocks per window. */
const DRAWS = 200;
/** Blocks with samples that a window needs, so that their differences can be told. */
const LEAST_BLOCKS = 6;
/** Samples that must lie above a percentile, and below. */
const LEAST_BEYOND = 10;
const LEAST_REQUESTS = 30;
/** Blocks that are drawn from at most: neighbours are put together until there are no more. */
const MOST_BLOCKS = 90;

type Figure = Difference['figure'];

/** Blocks of one window, added up. */
type Pool = Pick<LatencyStep, 'bins' | 'roundTrips' | 'requests' | 'opened' | 'failed'> & { seconds: number };

interface Rule {
  readonly figure: Figure;
  readonly read: (pool: Pool) => number | null;
  /** Whether there is enough to speak of it at all. */
  readonly enough: (pool: Pool, samples: number) => boolean;
  /** Whether it comes out of histograms, with their error. */
  readonly binned: boolean;
}

const quantileRule = (figure: Figure, p: number): Rule => ({
  figure,
  read: ({ bins }) => interpolatedQuantile(bins, p),
  enough: (_, samples) => samples * Math.min(p, 1 - p) >= LEAST_BEYOND,
  binned: true,
});

const timeRule = (figure: Figure, sum: (time: TimeSum) => number): Rule => ({
  figure,
  read: ({ requests: { time } }) => (time.both === 0 ? null : sum(time) / (time.both + time.source)),
  enough: ({ requests: { time } }) => time.both >= LEAST_REQUESTS,
  binned: false,
});

const attempts = (pool: Pool): number =>
  pool.requests.total > 0 ? pool.requests.total : pool.opened + pool.failed;

const RULES: readonly Rule[] = [
  quantileRule('p50', 0.5),
  quantileRule('p90', 0.9),
  quantileRule('p95', 0.95),
  quantileRule('p99', 0.99),
  {
    figure: 'mean',
    read: ({ bins }) => meanOf(bins),
    enough: (_, samples) => samples >= LEAST_REQUESTS,
    binned: true,
  },
  timeRule('network', ({ networkUs }) => networkUs),
  timeRule('application', ({ applicationUs }) => applicationUs),
  timeRule('local', ({ localUs }) => localUs),
  {
    figure: 'round_trip',
    read: ({ roundTrips }) => meanOf(roundTrips),
    enough: ({ roundTrips }) => roundTrips.total >= LEAST_REQUESTS,
    binned: true,
  },
  {
    figure: 'failed_share',
    read: (pool) => (attempts(pool) === 0 ? null : failures(pool) / attempts(pool)),
    enough: (pool) => attempts(pool) >= LEAST_REQUESTS,
    binned: false,
  },
  {
    figure: 'requests_per_second',
    read: (pool) => pool.requests.total / pool.seconds,
    enough: (pool) => pool.requests.total >= LEAST_REQUESTS,
    binned: false,
  },
];

const failures = (pool: Pool): number => (pool.requests.total > 0 ? pool.requests.errors : pool.failed);

/** One window to compare: its blocks, and how long each is. */
export interface ComparedWindow {
  readonly blocks: readonly LatencyStep[];
  readonly blockSeconds: number;
}

/** A figure of one window with its standard error: of the logarithm for all but shares. */
interface Estimate {
  readonly value: number | null;
  readonly error: number;
  readonly enough: boolean;
}

/** All figures of A, the earlier window, against those of B. */
export function differencesOf(a: ComparedWindow, b: ComparedWindow): Difference[] {
  const before = estimate(a);
  const after = estimate(b);
  const blocks = Math.min(occupied(a), occupied(b));
  return RULES.map((rule, at) => {
    const [x, y] = [before[at], after[at]];
    if (x === undefined || y === undefined) throw new RangeError('a figure is missing');
    return differenceOf(rule, { before: x, after: y, blocks });
  });
}

/** The verdict on p99. */
export const verdictOf = (differences: readonly Difference[]): Verdict =>
  differences.find(({ figure }) => figure === 'p99')?.verdict ?? 'not_enough_data';

function differenceOf(
  { figure, binned }: Rule,
  of: { before: Estimate; after: Estimate; blocks: number },
): Difference {
  const { before, after } = of;
  const known = { figure, before: before.value, after: after.value };
  const nothing = { ...known, change: null, low: null, high: null, verdict: 'not_enough_data' } as const;
  if (before.value === null || after.value === null) return nothing;
  const isShare = figure === 'failed_share';
  if (!isShare && (before.value <= 0 || after.value <= 0)) return nothing;
  const change = isShare ? after.value - before.value : after.value / before.value - 1;
  if (!before.enough || !after.enough || of.blocks < LEAST_BLOCKS) return { ...nothing, change };
  const margin = studentQuantile(of.blocks - 1) * Math.hypot(before.error, after.error);
  // Histograms are off by some share of the value, in either direction.
  const slack = binned ? RELATIVE_ERROR : 0;
  const centre = isShare ? change : Math.log(after.value / before.value);
  const low = isShare ? centre - margin : Math.exp(centre - margin) * (1 - slack) - 1;
  const high = isShare ? centre + margin : Math.exp(centre + margin) * (1 + slack) - 1;
  const rises: Verdict = figure === 'requests_per_second' ? 'faster' : 'slower';
  const falls: Verdict = figure === 'requests_per_second' ? 'slower' : 'faster';
  return { ...known, change, low, high, verdict: low > 0 ? rises : high < 0 ? falls : 'no_difference' };
}

function estimate(window: ComparedWindow): Estimate[] {
  const { blocks, blockSeconds } = grouped(window);
  const all = emptyPool();
  for (const block of blocks) addBlock(all, block, blockSeconds);
  const samples = all.bins.total;
  const values = RULES.map(({ read }) => read(all));
  const draws = RULES.map(() => ({ count: 0, sum: 0, squares: 0 }));
  const random = generator(blocks.length);
  for (let draw = 0; draw < DRAWS && blocks.length > 0; draw++) {
    const pool = emptyPool();
    for (let i = 0; i < blocks.length; i++) {
      const block = blocks[Math.floor(random() * blocks.length)];
      if (block !== undefined) addBlock(pool, block, blockSeconds);
    }
    for (const [at, { figure, read }] of RULES.entries()) {
      const value = read(pool);
      const moments = draws[at];
      if (value === null || moments === undefined) continue;
      if (figure !== 'failed_share' && value <= 0) continue;
      const scaled = figure === 'failed_share' ? value : Math.log(value);
      moments.count++;
      moments.sum += scaled;
      moments.squares += scaled * scaled;
    }
  }
  return RULES.map(({ figure, enough }, at) => {
    const { count, sum, squares } = draws[at] ?? { count: 0, sum: 0, squares: 0 };
    const variance = count < 2 ? 0 : Math.max(0, (squares - (sum * sum) / count) / (count - 1));
    // With few blocks the draws vary less than the windows would.
    const error = Math.sqrt((variance * blocks.length) / Math.max(1, blocks.length - 1));
    return {
      value: values[at] ?? null,
      error: figure === 'failed_share' ? Math.max(error, shareError(all)) : error,
      enough: enough(all, samples) && count > DRAWS / 2,
    };
  });
}

/** No failure among n does not mean that there are none to come: one more is reckoned with (Agresti and Coull 1998). */
function shareError(pool: Pool): number {
  const n = attempts(pool) + 4;
  const share = (failures(pool) + 2) / n;
  return attempts(pool) === 0 ? 0 : Math.sqrt((share * (1 - share)) / n);
}

/** Puts neighbouring blocks together, so that there are not too many. */
function grouped({ blocks, blockSeconds }: ComparedWindow): { blocks: Pool[]; blockSeconds: number } {
  const size = Math.max(1, Math.ceil(blocks.length / MOST_BLOCKS));
  const pools: Pool[] = [];
  for (const [at, block] of blocks.entries()) {
    if (at % size === 0) pools.push(emptyPool());
    const pool = pools.at(-1);
    if (pool !== undefined) addBlock(pool, block, blockSeconds);
  }
  return { blocks: pools, blockSeconds: blockSeconds * size };
}

const occupied = ({ blocks }: ComparedWindow): number =>
  grouped({ blocks, blockSeconds: 1 }).blocks.filter(({ bins }) => bins.total > 0).length;

const emptyPool = (): Pool => ({
  bins: new Bins(),
  roundTrips: new Bins(),
  requests: new RequestSum(),
  opened: 0,
  failed: 0,
  seconds: 0,
});

function addBlock(pool: Pool, block: Omit<Pool, 'seconds'>, seconds: number): void {
  pool.bins.addWindow(block.bins);
  pool.roundTrips.addWindow(block.roundTrips);
  pool.requests.add(block.requests);
  pool.opened += block.opened;
  pool.failed += block.failed;
  pool.seconds += seconds;
}

/** The 97.5 % point of Student's t (Cornish-Fisher, two terms): 1 % off at five degrees of freedom, less above. */
function studentQuantile(degrees: number): number {
  const z = 1.959964;
  return z + (z ** 3 + z) / (4 * degrees) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees * degrees);
}

/** Numbers from 0 to 1 that are the same for the same question, so that an answer does not change when asked again. */
function generator(seed: number): () => number {
  let state = (seed + 0x9e3779b9) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
