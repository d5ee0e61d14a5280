// SPDX-License-Identifier: Apache-2.0
/** Variety: how long things take, how large they are, what goes wrong how often. */
import type { Endpoint } from './plan.js';

/** True once in `times`, on average. */
export function onceIn(times: number): boolean {
  return Math.random() * times < 1;
}

/** Log-normal around a median: most values near it, a few several times as large. */
export function around(median: number, spread = 0.5): number {
  const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return median * Math.exp(spread * normal);
}

/** Waits about so long. */
export function pause(medianMs: number, spread?: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, around(medianMs, spread)));
}

/** A body of about so many bytes. */
export function text(medianBytes: number): string {
  return 'It was a bright cold day in April, and the clocks were striking thirteen. '
    .repeat(Math.ceil(medianBytes / 37))
    .slice(0, Math.round(around(medianBytes, 0.7)));
}

/** One of a service's endpoints, by weight. */
export function pick(endpoints: readonly Endpoint[]): Endpoint {
  let left = Math.random() * endpoints.reduce((sum, { weight }) => sum + weight, 0);
  for (const endpoint of endpoints) {
    left -= endpoint.weight;
    if (left < 0) return endpoint;
  }
  throw new Error('A service has no endpoints.');
}
