// SPDX-License-Identifier: Apache-2.0
import { formatNumber, NBSP } from '../format';

/** Logarithmic places of latencies: charts work on log2 of µs. */
export const place = (us: number): number => Math.log2(Math.max(us, 1e-3));
export const latencyAt = (at: number): number => 2 ** at;

export interface LogTick {
  /** log2 of µs. */
  at: number;
  text: string;
}

/** What a power of four of 1 ms reads as, and in which unit. */
const reading = (us: number): { value: string; unit: string } => {
  if (us < 100) return { value: formatNumber(us, us < 9.5 ? 1 : 0).replace(/\.0$/, ''), unit: 'µs' };
  if (us < 1000) return { value: formatNumber(us, 0), unit: 'µs' };
  if (us < 1e6) return { value: formatNumber(us / 1000, 0), unit: 'ms' };
  return { value: formatNumber(us / 1.024e6, 0), unit: 's' };
};

/** Powers of four around 1 ms from `lowUs` to `highUs`; the unit stands where it changes. */
export function logTicks(lowUs: number, highUs: number): LogTick[] {
  const ticks: LogTick[] = [];
  let unit = '';
  for (let power = -6; power <= 12; power += 1) {
    const us = 1000 * 4 ** power;
    if (us < lowUs * 0.999 || us > highUs * 1.001) continue;
    const read = reading(us);
    ticks.push({ at: place(us), text: read.unit === unit ? read.value : read.value + NBSP + read.unit });
    unit = read.unit;
  }
  return ticks;
}

/** Moves labels apart so that none is closer than `gap`; their order and, as far as possible, their places stay. */
export function apart(places: readonly number[], gap: number): number[] {
  const order = places.map((at, index) => ({ at, index })).sort((a, b) => a.at - b.at);
  for (let round = 0; round < 20; round += 1) {
    let moved = false;
    for (let i = 1; i < order.length; i += 1) {
      const [one, two] = [order[i - 1], order[i]];
      if (one === undefined || two === undefined) continue;
      const missing = gap - (two.at - one.at);
      if (missing <= 0.01) continue;
      one.at -= missing / 2;
      two.at += missing / 2;
      moved = true;
    }
    if (!moved) break;
  }
  const result = [...places];
  for (const { at, index } of order) result[index] = at;
  return result;
}
