// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  formatAge,
  formatBytes,
  formatCompact,
  formatDuration,
  formatMilliseconds,
  formatNumber,
  formatRate,
  formatShare,
  formatSpan,
  inWords,
  plural,
  sentence,
} from '@/domain/format';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('figures', () => {
  it.each([
    [0, 0, '0'],
    [1_234_567, 0, '1,234,567'],
    [999, 0, '999'],
    [1234.5, 1, '1,234.5'],
    [-21, 0, '−21'],
    [-0.001, 2, '0.00'],
  ])('groups thousands: %d to %d decimals', (value, decimals, text) => {
    expect(formatNumber(value, decimals)).toBe(text);
  });

  it('shows what is not known as a dash, never as 0', () => {
    for (const format of [
      formatNumber,
      formatCompact,
      formatRate,
      formatShare,
      formatBytes,
      formatDuration,
      formatMilliseconds,
    ]) {
      expect(format(null)).toBe('–');
    }
  });

  it.each([
    [812, '812'],
    [2900, '2.9k'],
    [12_432, '12.4k'],
    [999_999, '1.0M'],
    [412_900, '413k'],
    [18_400_000, '18.4M'],
  ])('shortens %d', (value, text) => expect(formatCompact(value)).toBe(text));

  it.each([
    [0, '0'],
    [0.004, '<0.01'],
    [0.42, '0.42'],
    [4.8, '4.8'],
    [204, '204'],
  ])('gives small rates more digits: %d', (value, text) => expect(formatRate(value)).toBe(text));

  it.each([
    [0, '0 %'],
    [0.00004, '<0.01 %'],
    [0.0004, '0.04 %'],
    [0.021, '2.1 %'],
    [0.69, '69 %'],
  ])('shares %d', (value, text) => expect(plain(formatShare(value))).toBe(text));

  it.each([
    [0, '0 B'],
    [1104, '1.1 kB'],
    [14_000, '14 kB'],
    [999_600, '1.0 MB'],
    [1_900_000, '1.9 MB'],
  ])('sizes %d', (value, text) => expect(plain(formatBytes(value))).toBe(text));

  it.each([
    [82, '82 µs'],
    [310, '0.31 ms'],
    [18_200, '18.2 ms'],
    [212_000, '212 ms'],
    [4_020_000, '4.02 s'],
    [81_000_000, '1 min 21 s'],
  ])('durations %d µs', (value, text) => expect(plain(formatDuration(value))).toBe(text));

  it.each([
    [0, '0 s'],
    [18, '18 s'],
    [252, '4 min 12 s'],
    [7500, '2 h 5 min'],
    [604_800, '7 d'],
  ])('spans %d s in two units at most', (value, text) => expect(plain(formatSpan(value))).toBe(text));

  it.each([
    [0.84, '0.8 s'],
    [12.4, '12 s'],
    [252, '4 min 12 s'],
  ])('ages %d s', (value, text) => expect(plain(formatAge(value))).toBe(text));

  it('separates figures from units with a no-break space', () => {
    expect(formatBytes(1104)).toContain('\u00a0');
    expect(plural(2, 'edge')).toBe('2\u00a0edges');
    expect(plural(1, 'edge')).toBe('1\u00a0edge');
  });

  it('speaks small counts', () => {
    expect(sentence(inWords(1))).toBe('One');
    expect(inWords(12)).toBe('12');
  });
});
