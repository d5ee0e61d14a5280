// SPDX-License-Identifier: Apache-2.0
import type { Quantiles } from '@undermesh/schema';

export interface QuantilePlace {
  name: 'p50' | 'p90' | 'p99';
  value: number;
  /** 0 to 1 along the line. */
  at: number;
}

/** Places on a logarithmic line that ends at p99 and spans at least one decade; `null` without samples. */
export const quantilePlaces = (quantiles: Quantiles): QuantilePlace[] | null => {
  const { p50, p90, p99 } = quantiles;
  if (p50 === null || p90 === null || p99 === null) return null;
  const high = Math.log10(Math.max(1, p99));
  const low = Math.min(Math.log10(Math.max(1, p50)) - 0.25, high - 1);
  const at = (value: number): number =>
    Math.min(1, Math.max(0, (Math.log10(Math.max(1, value)) - low) / (high - low)));
  return [
    { name: 'p50', value: p50, at: at(p50) },
    { name: 'p90', value: p90, at: at(p90) },
    { name: 'p99', value: p99, at: at(p99) },
  ];
};
