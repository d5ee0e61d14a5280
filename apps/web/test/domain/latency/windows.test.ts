// SPDX-License-Identifier: Apache-2.0
import type { Change } from '@undermesh/schema';
import { describe, expect, it } from 'vitest';
import {
  around,
  comparableFrom,
  compareOf,
  compareText,
  endFor,
  halves,
  moved,
  pairOf,
} from '@/domain/latency/windows';

const T = Date.UTC(2026, 10, 22, 14, 0, 0);
const minutes = (count: number) => count * 60_000;
const change: Change = {
  number: 118,
  time: new Date(T).toISOString(),
  kind: 'workload_version',
  subject: 'shop/catalogue',
  before: 'v1',
  after: 'v2',
};

describe('compare in the URL', () => {
  it.each(['change:118', 'earlier:3600', '1790000000-1790000600,1790000700-1790001200'])('%s', (text) =>
    expect(compareText(compareOf(text))).toBe(text),
  );
  it('puts the earlier window first', () =>
    expect(compareText(compareOf('1790000700-1790001200,1790000000-1790000600'))).toBe(
      '1790000000-1790000600,1790000700-1790001200',
    ));
  it.each([null, '', 'change:x', 'earlier:0', '1790000600-1790000000,1790000700-1790001200', 'nonsense'])(
    '%s is nothing',
    (text) => expect(compareOf(text)).toBeNull(),
  );
});

describe('windows around a change', () => {
  it('takes a third of the window on each side and leaves the moment itself out', () => {
    const pair = around(change, { now: T + minutes(30), windowSeconds: 1800 });
    expect(pair?.a).toEqual({ from: T - minutes(10) - 10_000, to: T - 10_000 });
    expect(pair?.b).toEqual({ from: T + 40_000, to: T + 40_000 + minutes(10) });
  });
  it('ends at the present', () =>
    expect(around(change, { now: T + minutes(5), windowSeconds: 1800 })?.b.to).toBe(T + minutes(5)));
  it('waits until there is an after', () =>
    expect(around(change, { now: T + 20_000, windowSeconds: 1800 })).toBeNull());
  it('waits less for an engine, which is in force at once', () => {
    const engine: Change = { ...change, kind: 'engine_set', before: 'off', after: 'dual-engine' };
    expect(comparableFrom(engine)).toBe(T + 20_000);
    expect(around(engine, { now: T + 19_000, windowSeconds: 1800 })).toBeNull();
    expect(around(engine, { now: T + 20_000, windowSeconds: 1800 })?.b).toEqual({
      from: T + 10_000,
      to: T + 20_000,
    });
  });
  it('knows nothing before the change is known', () =>
    expect(
      pairOf({ kind: 'change', number: 118 }, { now: T, windowSeconds: 1800, change: null }),
    ).toBeNull());
  it('finds them for a known change', () =>
    expect(
      pairOf({ kind: 'change', number: 118 }, { now: T + minutes(5), windowSeconds: 1800, change }),
    ).not.toBeNull());
});

it('compares now with the same stretch an hour earlier', () => {
  const pair = pairOf(
    { kind: 'earlier', seconds: 3600 },
    { now: T + 4321, windowSeconds: 1800, change: null },
  );
  expect(pair).toEqual({
    a: { from: T - minutes(90), to: T - minutes(60) },
    b: { from: T - minutes(30), to: T },
  });
});

describe('brackets', () => {
  const within = { from: T, to: T + minutes(30) };
  const pair = halves(within);
  it('start as halves', () => {
    expect(pair.a.to).toBe(pair.b.from);
    expect(pair.b.to).toBe(within.to);
  });
  it('keep their length when moved whole, and stay in the picture', () => {
    const next = moved(pair, { side: 'a', part: 'body' }, -minutes(60), within);
    expect(next.a.from).toBe(within.from);
    expect(next.a.to - next.a.from).toBe(pair.a.to - pair.a.from);
  });
  it('never overlap', () => {
    const next = moved(pair, { side: 'a', part: 'to' }, minutes(60), within);
    expect(next.a.to).toBe(pair.b.from);
  });
  it('never turn around', () => {
    const next = moved(pair, { side: 'b', part: 'from' }, minutes(600), within);
    expect(next.b.to - next.b.from).toBe(10_000);
  });
});

describe('the end of the picture', () => {
  it('is now while the change is in view', () =>
    expect(endFor(T, { now: T + minutes(20), windowSeconds: 1800 })).toBeNull());
  it('is so that an older change stands in the middle', () =>
    expect(endFor(T, { now: T + minutes(600), windowSeconds: 1800 })).toBe(T + minutes(15)));
});
