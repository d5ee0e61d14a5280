// SPDX-License-Identifier: Apache-2.0

const FIRST_MS = 100;

/** Exponential back-off with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"). */
export class Backoff {
  readonly #maxMs: number;
  #attempts = 0;

  constructor(maxMs: number) {
    this.#maxMs = maxMs;
  }

  /** The next pause, ms; never less than 20 so that whoever refuses is not hammered. */
  next(): number {
    const ceiling = Math.min(this.#maxMs, FIRST_MS * 2 ** Math.min(this.#attempts, 20));
    this.#attempts++;
    return 20 + Math.random() * Math.max(0, ceiling - 20);
  }

  /** It worked: begin anew. */
  reset(): void {
    this.#attempts = 0;
  }
}
