// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { binOf } from '../../src/aggregate/histogram.js';
import { type ComparedWindow, differencesOf } from '../../src/api/latency-comparison.js';
import { LatencyStep } from '../../src/api/latency-window.js';

/** Uniform numbers, the same every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

/** Blocks whose requests share what befell their block: the load is clustered in time. */
function window(of: {
  random: () => number;
  blocks: number;
  perBlock: number;
  medianUs: number;
  clustering: number;
}): ComparedWindow {
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(of.random() || 1e-9)) * Math.cos(2 * Math.PI * of.random());
  const blocks = Array.from({ length: of.blocks }, () => {
    const block = new LatencyStep();
    const shift = of.clustering * normal();
    for (let i = 0; i < of.perBlock; i++) {
      block.bins.add(binOf(of.medianUs * Math.exp(shift + 0.5 * normal())), 1);
    }
    block.requests.total = of.perBlock;
    return block;
  });
  return { blocks, blockSeconds: 10 };
}
const verdict = (a: ComparedWindow, b: ComparedWindow, figure: string) =>
  differencesOf(a, b).find((difference) => difference.figure === figure);

describe('differencesOf', () => {
  it('finds no difference between windows of the same kind, clustered or not, in at least 94 of 100', () => {
    for (const clustering of [0, 0.1]) {
      const random = generator(7);
      let wrong = 0;
      for (let trial = 0; trial < 100; trial++) {
        const kind = { random, blocks: 30, perBlock: 100, medianUs: 3_000, clustering };
        const found = verdict(window(kind), window(kind), 'p50');
        if (found?.verdict !== 'no_difference') wrong++;
      }
      expect(wrong).toBeLessThanOrEqual(6);
    }
  });

  it('finds a difference of a fifth, and bounds it', () => {
    const random = generator(11);
    let found = 0;
    let covered = 0;
    for (let trial = 0; trial < 40; trial++) {
      const kind = { random, blocks: 40, perBlock: 300, clustering: 0.02 };
      const a = window({ ...kind, medianUs: 3_000 });
      const b = window({ ...kind, medianUs: 3_600 });
      const p99 = verdict(a, b, 'p99');
      if (p99?.verdict === 'slower') found++;
      if ((p99?.low ?? 1) <= 0.2 && (p99?.high ?? 0) >= 0.2) covered++;
    }
    expect(found).toBeGreaterThanOrEqual(38);
    expect(covered).toBeGreaterThanOrEqual(37);
  });

  it('does not speak of a percentile that too few requests lie beyond, nor of too few blocks', () => {
    const random = generator(3);
    const kind = { random, medianUs: 3_000, clustering: 0 };
    const few = window({ ...kind, blocks: 20, perBlock: 10 });
    expect(verdict(few, few, 'p50')?.verdict).toBe('no_difference');
    expect(verdict(few, few, 'p99')).toMatchObject({ verdict: 'not_enough_data', low: null, high: null });
    const short = window({ ...kind, blocks: 4, perBlock: 1_000 });
    expect(verdict(short, short, 'p50')?.verdict).toBe('not_enough_data');
    const empty = { blocks: [new LatencyStep()], blockSeconds: 10 };
    expect(verdict(few, empty, 'p50')).toMatchObject({
      after: null,
      change: null,
      verdict: 'not_enough_data',
    });
  });

  it('gives the same answer to the same question', () => {
    const kind = { random: generator(5), blocks: 20, perBlock: 50, medianUs: 900, clustering: 0.1 };
    const [a, b] = [window(kind), window(kind)];
    expect(differencesOf(a, b)).toEqual(differencesOf(a, b));
  });

  it('reckons with failures that have not come yet', () => {
    const kind = { random: generator(5), blocks: 20, perBlock: 50, medianUs: 900, clustering: 0 };
    const share = verdict(window(kind), window(kind), 'failed_share');
    expect(share).toMatchObject({ before: 0, after: 0, change: 0, verdict: 'no_difference' });
    expect(share?.high).toBeGreaterThan(0);
  });
});
