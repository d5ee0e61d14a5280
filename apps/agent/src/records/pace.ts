// SPDX-License-Identifier: Apache-2.0

/** Bounds of the pause between two drains, ms. */
export interface PaceOptions {
  readonly busyMs: number;
  readonly idleMs: number;
  readonly ringBytes: number;
}

/** Of the ring, how much may fill up between two drains at the present rate. */
const TARGET_SHARE = 1 / 16;

/**
 * How long to wait until the ring is read again: as long as it takes to fill a sixteenth of it at the rate of the last
 * reading, within bounds. A burst is answered at once; the pause grows back by half each time.
 */
export class Pace {
  readonly #options: PaceOptions;
  #pauseMs: number;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#pauseMs = options.idleMs;
  }

  get pauseMs(): number {
    return this.#pauseMs;
  }

  /** Notes how many bytes the last reading found, `elapsedMs` after the one before; returns the next pause, ms. */
  next(readBytes: number, elapsedMs: number): number {
    const { busyMs, idleMs, ringBytes } = this.#options;
    const rate = readBytes / Math.max(elapsedMs, 1);
    const wanted = rate === 0 ? idleMs : (ringBytes * TARGET_SHARE) / rate;
    this.#pauseMs = Math.min(Math.max(wanted, busyMs), idleMs, this.#pauseMs * 1.5);
    return this.#pauseMs;
  }
}
