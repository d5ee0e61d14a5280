// SPDX-License-Identifier: Apache-2.0
import type { OverflowReason } from './drain.js';

/** Where the requests of http records are, from the ring to their acknowledgement. */
export class RequestBook {
  readonly #frames: { readonly sequence: bigint; readonly requests: number }[] = [];
  readonly #lost = { agent_memory: 0, spool_full: 0 };
  #held = 0;
  #acknowledged = 0;

  /** A frame with so many of them waits to be sent. */
  sealed(sequence: bigint, requests: number): void {
    this.#frames.push({ sequence, requests });
    this.#held += requests;
  }

  /** A frame with so many of them found no room. */
  dropped(reason: OverflowReason, requests: number): void {
    this.#lost[reason] += requests;
  }

  /** Everything up to a sequence is acknowledged. */
  settle(sequence: bigint): void {
    const later = this.#frames.findIndex((frame) => frame.sequence > sequence);
    for (const { requests } of this.#frames.splice(0, later < 0 ? this.#frames.length : later)) {
      this.#held -= requests;
      this.#acknowledged += requests;
    }
  }

  /** In frames that are not acknowledged. */
  get held(): number {
    return this.#held;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get lost(): Readonly<Record<OverflowReason, number>> {
    return this.#lost;
  }
}
