// SPDX-License-Identifier: Apache-2.0
import { grown } from './grown.js';

/** How long an end waits for its partner's name before it is counted alone. */
export const PARKED_MS = 3000;
/**
 * How long an end that is open waits when the directory names its peer: the partner's word counts for more, but what
 * opened has to show within a second, a look of the agent and its way here included.
 */
export const GUESSED_MS = 400;

/** Slots that wait, oldest first. All wait equally long, so a queue is enough. */
export class Parking {
  #slots: Int32Array = new Int32Array(1024);
  #times: Float64Array = new Float64Array(1024);
  /** By slot: when it was parked, 0 once it was settled. */
  #parkedAt: Float64Array = new Float64Array(1024);
  #head = 0;
  #count = 0;

  get size(): number {
    return this.#count;
  }

  park(slot: number, now: number): void {
    this.#skipSettled();
    if (this.#count === this.#slots.length) this.#grow();
    const at = (this.#head + this.#count++) & (this.#slots.length - 1);
    this.#slots[at] = slot;
    this.#times[at] = now;
    if (slot >= this.#parkedAt.length) this.#parkedAt = grown(this.#parkedAt, (slot + 1) * 2);
    this.#parkedAt[slot] = now;
  }

  unpark(slot: number): void {
    this.#parkedAt[slot] = 0;
  }

  /** Takes out all that were parked at `before` or earlier; those settled meanwhile are passed over. */
  take(before: number, visit: (slot: number) => void): void {
    while (this.#count > 0 && (this.#times[this.#head] ?? 0) <= before) {
      const slot = this.#slots[this.#head] ?? 0;
      const time = this.#times[this.#head] ?? 0;
      this.#head = (this.#head + 1) & (this.#slots.length - 1);
      this.#count--;
      if (this.#parkedAt[slot] !== time) continue;
      this.#parkedAt[slot] = 0;
      visit(slot);
    }
  }

  /** Calls back for each that waits. */
  forEach(visit: (slot: number) => void): void {
    for (let i = 0; i < this.#count; i++) {
      const at = (this.#head + i) & (this.#slots.length - 1);
      const slot = this.#slots[at] ?? 0;
      if (this.#parkedAt[slot] === this.#times[at]) visit(slot);
    }
  }

  /** Drops what was settled from the head, so that ends that are joined at once take no room. */
  #skipSettled(): void {
    const mask = this.#slots.length - 1;
    while (
      this.#count > 0 &&
      this.#parkedAt[this.#slots[this.#head] ?? 0] !== (this.#times[this.#head] ?? 0)
    ) {
      this.#head = (this.#head + 1) & mask;
      this.#count--;
    }
  }

  #grow(): void {
    const length = this.#slots.length;
    const slots = new Int32Array(length * 2);
    const times = new Float64Array(length * 2);
    for (let i = 0; i < this.#count; i++) {
      slots[i] = this.#slots[(this.#head + i) & (length - 1)] ?? 0;
      times[i] = this.#times[(this.#head + i) & (length - 1)] ?? 0;
    }
    this.#slots = slots;
    this.#times = times;
    this.#head = 0;
  }
}
