// SPDX-License-Identifier: Apache-2.0
import type { Change, Comparison, Difference, Distribution } from '@undermesh/schema';
import { describe, expect, it } from 'vitest';
import { intervalPlaces } from '@/domain/latency/intervals';
import { apart, logTicks } from '@/domain/latency/scale';
import {
  blame,
  certainty,
  changeFlag,
  changeTitle,
  contrastName,
  points,
  rangeWords,
  seenByBoth,
  signed,
  untimed,
  verdictSentence,
} from '@/domain/latency/words';
import { traffic } from '../../fixtures';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');
const distribution = (count: number): Distribution => ({
  quantiles: { count, p50: 1, p90: 1, p95: 1, p99: 1 },
  meanUs: 1,
  ecdf: [],
});
const side = (count: number) => ({
  window: { from: '', to: '', seconds: 600, resolutionSeconds: 10 },
  distribution: distribution(count),
  split: null,
});
const difference = (
  figure: Difference['figure'],
  change: number | null,
  low = change,
  high = change,
): Difference => ({
  figure,
  before: 1,
  after: 1,
  change,
  low,
  high,
  verdict: 'faster',
});
const comparison = (more: Partial<Comparison>): Comparison => ({
  a: side(1_740_000),
  b: side(1_390_000),
  differences: [difference('p99', -0.21, -0.25, -0.16), difference('requests_per_second', 0.02)],
  verdict: 'faster',
  ...more,
});

describe('verdicts', () => {
  it('come first and say by how much', () =>
    expect(plain(verdictSentence(comparison({})))).toBe('Faster. p99 fell by 21 %.'));
  it('say slower', () =>
    expect(
      plain(verdictSentence(comparison({ verdict: 'slower', differences: [difference('p99', 3.8)] }))),
    ).toBe('Slower. p99 rose by 380 %.'));
  it('say that nothing shows', () =>
    expect(verdictSentence(comparison({ verdict: 'no_difference' }))).toBe('No difference that shows.'));
  it('say what is missing', () =>
    expect(verdictSentence(comparison({ verdict: 'not_enough_data', b: side(34) }))).toBe(
      'Not enough data: 34 requests after, 1,000 needed.',
    ));
  it('say how sure they are and whether the loads match', () =>
    expect(plain(certainty(comparison({})))).toBe('95 % sure: by 16 to 25 %. Loads match within 2 %.'));
  it('say that the load differs', () =>
    expect(plain(certainty(comparison({ differences: [difference('requests_per_second', 0.41)] })))).toBe(
      'The load differs: 41 % more after.',
    ));
});

it('writes changes with a true minus', () => {
  expect(plain(signed(-0.21))).toBe('−21 %');
  expect(plain(signed(0.004))).toBe('+0.4 %');
  expect(plain(signed(0))).toBe('0 %');
  expect(plain(points(0.004))).toBe('+0.40 pt');
  expect(points(0.000_001)).toBe('0');
});

describe('intervals', () => {
  it('are placed on a line from faster to slower', () =>
    expect(intervalPlaces(difference('p99', -0.15, -0.3, 0.03))).toEqual({
      low: -1,
      middle: -0.5,
      high: 0.1,
      leaves: null,
      unsure: true,
    }));
  it('leave the scale by an arrow', () =>
    expect(intervalPlaces(difference('network', -0.82, -0.84, -0.8))?.leaves).toBe('low'));
  it('are none without figures', () => expect(intervalPlaces(difference('p99', null))).toBeNull());
});

describe('changes', () => {
  const change = (more: Partial<Change>): Change => ({
    number: 1,
    time: '',
    kind: 'workload_version',
    subject: 'shop/ratings',
    before: '1.4',
    after: '1.5',
    ...more,
  });
  it('say what stepped from what to what', () => expect(changeFlag(change({}))).toBe('ratings 1.4 → 1.5'));
  it('say the one version that is known', () =>
    expect(
      changeFlag(change({ kind: 'agent_version', subject: 'shop-1', before: null, after: '0.1.0' })),
    ).toBe('Agent on shop-1 0.1.0'));
  it('say what happened', () => {
    expect(
      changeFlag(change({ kind: 'agent_restarted', subject: 'shop-2', before: null, after: null })),
    ).toBe('Agent on shop-2 restarted');
    expect(changeTitle(change({ kind: 'edge_appeared', subject: 'shop/front > checkout/orders' }))).toBe(
      'front → orders is new',
    );
  });
});

it('says a range once per unit', () => {
  expect(plain(rangeWords(2800, 4000))).toBe('2.80 to 4.00 ms');
  expect(plain(rangeWords(88, 125))).toBe('88 µs to 0.13 ms');
});

it('counts what is not timed', () => {
  expect(untimed(traffic({ protocols: { http1: 5, tls: 312, http2: 1 } })).map(plain)).toEqual([
    '312 TLS connections',
    '1 HTTP/2 connection',
  ]);
  expect(untimed(traffic({ protocols: { http1: 5 } }))).toEqual([]);
});

it('knows no share of both ends when one end alone was heard', () =>
  expect(
    seenByBoth({
      time: { total: null, networkUs: [], applicationUs: [], localUs: [] },
      traffic: traffic(),
    }),
  ).toBeNull());

describe('where the time goes', () => {
  const split = (networkUs: number, applicationUs: number) => ({
    networkUs,
    applicationUs,
    totalUs: networkUs + applicationUs,
  });
  it('clears the network', () =>
    expect(plain(blame(split(400, 40_600), 'ratings') ?? '')).toBe(
      'The network is not the cause: ratings itself takes 99 % of the time.',
    ));
  it('blames the network', () =>
    expect(blame(split(50_000, 1000), 'ratings')).toContain('The network is the cause'));
  it('says nothing when it is not known', () =>
    expect(blame({ networkUs: null, applicationUs: 3, totalUs: 3 }, 'ratings')).toBeNull());
});

it('names what differs', () => {
  expect(contrastName({ attribute: 'version', value: 'v2', inside: 1, outside: 0 })).toBe('version v2');
  expect(contrastName({ attribute: 'retransmits', value: 'none', inside: 1, outside: 0 })).toBe(
    'without retransmits',
  );
});

describe('logarithmic scale', () => {
  it('labels powers of four and names each unit once', () =>
    expect(logTicks(60, 2_000_000).map(({ text }) => plain(text))).toEqual([
      '63 µs',
      '250',
      '1 ms',
      '4',
      '16',
      '64',
      '256',
      '1 s',
    ]));
  it('moves labels apart and keeps their order', () => {
    const [a = 0, b = 0, c = 0] = apart([10, 12, 100], 15);
    expect(b - a).toBeCloseTo(15, 0);
    expect(c).toBe(100);
  });
});
