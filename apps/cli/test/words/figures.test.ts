// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatClock,
  formatDuration,
  formatMoment,
  formatNumber,
  formatRate,
  formatShare,
  formatSpan,
  formatTime,
  listed,
  lowerBound,
  plural,
} from '../../src/words/figures.js';
import { at, NOW } from '../fixtures.js';

describe('figures', () => {
  it.each([
    [formatNumber, 1_234_567, '1,234,567'],
    [formatNumber, null, '–'],
    [formatRate, 0, '0'],
    [formatRate, 0.004, '<0.01'],
    [formatRate, 0.234, '0.23'],
    [formatRate, 2.34, '2.3'],
    [formatRate, 1234.5, '1,235'],
    [formatShare, 0, '0 %'],
    [formatShare, 0.000_04, '<0.01 %'],
    [formatShare, 0.021, '2.1 %'],
    [formatShare, 1, '100 %'],
    [formatShare, null, '–'],
    [formatBytes, 0, '0 B'],
    [formatBytes, 999, '999 B'],
    [formatBytes, 999.6, '1.0 kB'],
    [formatBytes, 1_900_000, '1.9 MB'],
    [formatBytes, 5e18, '5,000 PB'],
    [formatDuration, 82, '82 µs'],
    [formatDuration, 310, '0.31 ms'],
    [formatDuration, 18_200, '18.2 ms'],
    [formatDuration, 4_020_000, '4.02 s'],
    [formatDuration, 81_000_000, '1 min 21 s'],
    [formatDuration, null, '–'],
    [formatSpan, 0.4, '0 s'],
    [formatSpan, 3600, '1 h'],
    [formatSpan, 273_600, '3 d 4 h'],
  ] as const)('%o of %s is %s', (format, value, expected) => {
    expect((format as (value: number | null) => string)(value)).toBe(expected);
  });

  it('name the day only when it is another one', () => {
    expect(formatTime(at('14:32:10'), NOW)).toBe('14:32:10');
    expect(formatTime('2026-11-21T14:32:10.000Z', NOW)).toBe('2026-11-21 14:32:10');
    expect(formatClock(at('14:32:10'), NOW)).toBe('14:32');
    expect(formatMoment('2026-11-22T14:32:10.007Z', NOW)).toBe('14:32:10.007');
  });

  it('are lower bounds where a node is silent', () => {
    const [rare, more] = [formatRate(0.004), formatRate(2)];
    expect([lowerBound(false, rare), lowerBound(true, rare), lowerBound(true, more)]).toEqual([
      '<0.01',
      '> 0',
      '≥ 2.0',
    ]);
  });

  it('read as sentences', () => {
    expect([plural(1, 'edge'), plural(1200, 'edge')]).toEqual(['1 edge', '1,200 edges']);
    expect([listed([]), listed(['a']), listed(['a', 'b']), listed(['a', 'b', 'c'])]).toEqual([
      '',
      'a',
      'a and b',
      'a, b and c',
    ]);
  });
});
