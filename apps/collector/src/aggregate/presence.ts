// SPDX-License-Identifier: Apache-2.0
import type { Stretch } from './tiers.js';

/** Stretches that are kept at most; agents that come and go more often than that leave no gaps that anybody could see. */
const MOST = 2_000;

/**
 * When agents told what happened on their nodes. Where none did, nothing is known: a collector that was not there has
 * seen no traffic, which is not the same as no traffic.
 */
export class Presence {
  /** Oldest first; none touches another. */
  #stretches: Stretch[] = [];

  /** Some agent tells of all of a stretch, Unix ms. */
  add({ from, to }: Stretch): void {
    if (to < from) return;
    const last = this.#stretches.at(-1);
    if (last !== undefined && from >= last.from && from <= last.to) {
      if (to > last.to) this.#stretches[this.#stretches.length - 1] = { from: last.from, to };
      return;
    }
    const apart = this.#stretches.filter((one) => one.to < from || one.from > to);
    const joined = this.#stretches.filter((one) => one.to >= from && one.from <= to);
    const stretch = {
      from: Math.min(from, ...joined.map((one) => one.from)),
      to: Math.max(to, ...joined.map((one) => one.to)),
    };
    this.#stretches = [...apart, stretch].sort((a, b) => a.from - b.from).slice(-MOST);
  }

  /** Whether anybody told of any part of a stretch. */
  overlaps({ from, to }: Stretch): boolean {
    return this.#stretches.some((one) => one.from < to && one.to > from);
  }

  /** All there is, oldest first, but for what was over before `since`. */
  list(since = 0): readonly Stretch[] {
    return this.#stretches.filter(({ to }) => to >= since);
  }
}
