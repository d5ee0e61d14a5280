// SPDX-License-Identifier: Apache-2.0

interface Pending {
  readonly sequence: bigint;
  done: boolean;
}

/**
 * How far one stream has come: what was counted, and up to where everything is durable. Frames become durable in any
 * order; what is acknowledged is the part without holes.
 */
export class Position {
  #counted: bigint;
  #durable: bigint;
  readonly #pending: Pending[] = [];
  /** Frames that an agent skipped: lost on its side, and counted there. */
  gaps = 0;
  /** Frames that came again. */
  repeats = 0;

  /** @param durable last sequence that the store holds. */
  constructor(durable: bigint) {
    this.#durable = durable;
    this.#counted = durable;
  }

  get durable(): bigint {
    return this.#durable;
  }

  /** Last sequence that was counted. */
  get counted(): bigint {
    return this.#counted;
  }

  /** Frames on their way into the store. */
  get pending(): number {
    return this.#pending.length;
  }

  /** Whether a frame is new. Sequences rise: one that is not above all others has been counted. */
  isNew(sequence: bigint): boolean {
    return sequence > this.#counted;
  }

  /** A new frame was counted and is on its way into the store. */
  begin(sequence: bigint): void {
    if (sequence !== this.#counted + 1n) this.gaps++;
    this.#counted = sequence;
    this.#pending.push({ sequence, done: false });
  }

  /** A frame is durable. True when the part without holes grew. */
  finish(sequence: bigint): boolean {
    const entry = this.#pending.find((pending) => pending.sequence === sequence);
    if (entry !== undefined) entry.done = true;
    const before = this.#durable;
    for (let first = this.#pending[0]; first?.done === true; first = this.#pending[0]) {
      this.#durable = first.sequence;
      this.#pending.shift();
    }
    return this.#durable !== before;
  }
}
