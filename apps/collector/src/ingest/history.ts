// SPDX-License-Identifier: Apache-2.0

/** How far back rates look. */
const KEPT_MS = 60_000;

interface Sample {
  readonly at: number;
  readonly values: readonly number[];
}

/** Cumulative figures of the last minute, to tell how fast they grow. */
export class History {
  #samples: Sample[] = [];

  add(at: number, values: readonly number[]): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && values.some((value, i) => value < (last.values[i] ?? 0))) this.#samples = [];
    this.#samples.push({ at, values });
    while ((this.#samples[0]?.at ?? at) < at - KEPT_MS) this.#samples.shift();
  }

  /** Growth per second of one figure over at most `withinMs`; `null` while there are no two samples. */
  perSecond(figure: number, withinMs = KEPT_MS): number | null {
    const last = this.#samples.at(-1);
    if (last === undefined) return null;
    const first = this.#samples.find((sample) => sample.at >= last.at - withinMs);
    if (first === undefined || first === last) return null;
    const seconds = (last.at - first.at) / 1000;
    return seconds > 0 ? ((last.values[figure] ?? 0) - (first.values[figure] ?? 0)) / seconds : null;
  }
}
