// SPDX-License-Identifier: Apache-2.0

/** How far back rates look. */
const KEPT_MS = 60_000;
/** Over less than that no rate is told: hits come every few seconds. */
const LEAST_MS = 4_000;

interface Sample {
  readonly at: number;
  readonly values: Float64Array;
}

/**
 * Cumulative figures by index, and how fast each has grown over the last minute. What is not told again has not changed.
 * Later samples may have more figures: those begin then.
 */
export class Growth {
  readonly #samples: Sample[] = [];

  /** @param values is kept. */
  add(at: number, values: Float64Array): void {
    this.#samples.push({ at, values });
    // One that is older says where the minute began.
    while ((this.#samples[1]?.at ?? at) < at - KEPT_MS) this.#samples.shift();
  }

  /** Growth of one figure up to `now`; `null` while too little is known. */
  perSecond(index: number, now: number): number | null {
    const last = this.#samples.at(-1)?.values[index];
    if (last === undefined) return null;
    const from = now - KEPT_MS;
    const first =
      this.#samples.findLast(({ at, values }) => at <= from && index < values.length) ??
      this.#samples.find(({ values }) => index < values.length);
    if (first === undefined) return null;
    const overMs = Math.min(KEPT_MS, now - first.at);
    return overMs < LEAST_MS ? null : ((last - (first.values[index] ?? 0)) * 1000) / overMs;
  }
}
