// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { type Row, verdict } from '../src/bench.js';
import { readWrk } from '../src/http-load.js';
import { cells, figure, markdownTable } from '../src/report.js';

const budget = { text: '≤ 1.08', limit: 1.08, better: 'lower' } as const;
const ratio = (value: number, more: Partial<Row> = {}): Row => ({
  what: 'CPU',
  value,
  unit: '×',
  budget,
  ...more,
});

describe('verdicts', () => {
  it('say met or missed', () => {
    expect(verdict(ratio(1.02))).toBe('met');
    expect(verdict(ratio(1.2))).toBe('missed');
    expect(
      verdict({ what: 'rate', value: 2, unit: 'M/s', budget: { text: '', limit: 3, better: 'higher' } }),
    ).toBe('missed');
    expect(verdict({ what: 'rate', value: 2, unit: 'M/s' })).toBeUndefined();
  });

  it('admit doubt when the limit is within the interval or the noise', () => {
    expect(verdict(ratio(1.05, { interval: { low: 1.01, high: 1.1 } }))).toBe('met, not certain');
    expect(verdict(ratio(1.12, { interval: { low: 1.1, high: 1.14 }, noise: 0.06 }))).toBe(
      'missed, not certain',
    );
  });
});

describe('tables', () => {
  it('show figures with as many digits as mean something', () => {
    expect([0, 0.0123456, 1.0234, 12.345, 123.456, 12_345.6].map(figure)).toEqual([
      '0',
      '0.0123',
      '1.023',
      '12.3',
      '123',
      '12,346',
    ]);
  });

  it('leave no cell out', () => {
    const row = ratio(1.02, { interval: { low: 1, high: 1.04 }, noise: 0.01, note: 'a | b' });
    expect(cells(row)).toEqual(['CPU', '1.020 ×', '1.000 – 1.040', '± 1.0 %', '≤ 1.08', 'met']);
    expect(markdownTable([row]).split('\n')[2]).toContain('a \\| b');
  });
});

describe("wrk's report", () => {
  it('is read', () => {
    expect(readWrk('  123456 requests in 2.00s, 20.5MB read\nRequests/sec:  61728.00\n')).toEqual({
      requests: 123_456,
      perSecond: 61_728,
    });
  });

  it('is refused when requests failed', () => {
    const text = '  10 requests in 1.00s, 1KB read\n  Socket errors: connect 0, read 3, write 0, timeout 0\n';
    expect(() => readWrk(text)).toThrow('Socket errors');
  });
});
