// SPDX-License-Identifier: Apache-2.0
// Chance that can be had again: the same seed, the same numbers (mulberry32 by Tommy Ettinger, public domain).

export class Chance {
  #state;

  /** @param {number} seed a 32-bit integer */
  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** 32 bits. */
  word() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** An integer from 0 to `end`, `end` excluded. */
  below(end) {
    return this.word() % end;
  }

  /** True once in so many times. */
  once(inSoMany) {
    return this.below(inSoMany) === 0;
  }

  /** 64 bits. */
  long() {
    return (BigInt(this.word()) << 32n) | BigInt(this.word());
  }

  bytes(count) {
    const bytes = Buffer.allocUnsafe(count);
    for (let at = 0; at < count; at += 1) bytes[at] = this.word();
    return bytes;
  }

  /** One of a list. */
  of(list) {
    return list[this.below(list.length)];
  }
}
