// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { grown } from './grown.js';

/** Differs per process, so that nobody outside can choose keys that collide. */
const SEED = randomBytes(4).readInt32LE(0);

function hash(a: number, b: number, c: number, d: number): number {
  let h = Math.imul(a ^ SEED, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15) ^ b, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 13) ^ c, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 16) ^ d, 0x165667b1);
  return h ^ (h >>> 15);
}

/**
 * A hash table from up to four 32-bit words to a slot: a small dense number under which the owner keeps its
 * columns. Open addressing with linear probing and backward-shift deletion over typed arrays; no allocation per key.
 * A slot stays the same until it is removed, then it is used again.
 *
 * Words are kept signed: V8 passes those from one function to the next without putting the upper half of them on the heap.
 */
export class KeyTable {
  #keys: Int32Array;
  #index: Int32Array;
  #mask: number;
  #free: Int32Array;
  #freeCount = 0;
  #top = 0;
  #size = 0;

  /** @param capacity slots to begin with; doubles as needed. */
  constructor(capacity = 1024) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(16, capacity)));
    this.#keys = new Int32Array(slots * 4);
    this.#index = new Int32Array(slots * 2);
    this.#free = new Int32Array(slots);
    this.#mask = slots * 2 - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** Slots that exist: owners size their columns by it after an {@link insert}. */
  get capacity(): number {
    return this.#free.length;
  }

  /** One above the highest slot ever used. */
  get top(): number {
    return this.#top;
  }

  /** The slot, or -1. */
  find(a: number, b: number, c = 0, d = 0): number {
    const index = this.#index;
    const keys = this.#keys;
    const mask = this.#mask;
    a |= 0;
    b |= 0;
    c |= 0;
    d |= 0;
    for (let at = hash(a, b, c, d) & mask; ; at = (at + 1) & mask) {
      const entry = index[at] ?? 0;
      if (entry === 0) return -1;
      const key = (entry - 1) * 4;
      if (keys[key] === a && keys[key + 1] === b && keys[key + 2] === c && keys[key + 3] === d)
        return entry - 1;
    }
  }

  /** The slot of a key that is there or has now been added; compare {@link size} before and after to know which. */
  insert(a: number, b: number, c = 0, d = 0): number {
    const found = this.find(a, b, c, d);
    return found >= 0 ? found : this.add(a, b, c, d);
  }

  /** The new slot of a key that is not there, as {@link find} has told. */
  add(a: number, b: number, c = 0, d = 0): number {
    if (this.#freeCount === 0 && this.#top === this.#free.length) this.#grow();
    const slot = this.#freeCount > 0 ? (this.#free[--this.#freeCount] ?? 0) : this.#top++;
    this.#keys[slot * 4] = a;
    this.#keys[slot * 4 + 1] = b;
    this.#keys[slot * 4 + 2] = c;
    this.#keys[slot * 4 + 3] = d;
    this.#link(slot);
    this.#size++;
    return slot;
  }

  /** Frees a slot that {@link insert} gave. */
  remove(slot: number): void {
    const mask = this.#mask;
    const index = this.#index;
    let hole = this.#home(slot);
    while ((index[hole] ?? 0) !== slot + 1) {
      if ((index[hole] ?? 0) === 0) return;
      hole = (hole + 1) & mask;
    }
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const entry = index[at] ?? 0;
      if (entry === 0) break;
      const home = this.#home(entry - 1);
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      index[hole] = entry;
      hole = at;
    }
    index[hole] = 0;
    this.#free[this.#freeCount++] = slot;
    this.#size--;
  }

  /** Word 0 to 3 of a slot's key. */
  word(slot: number, word: 0 | 1 | 2 | 3): number {
    return (this.#keys[slot * 4 + word] ?? 0) >>> 0;
  }

  /** Calls back for each slot in use. Slots may be removed meanwhile, not inserted. */
  forEach(visit: (slot: number) => void): void {
    const freed = new Set<number>();
    for (let i = 0; i < this.#freeCount; i++) freed.add(this.#free[i] ?? 0);
    for (let slot = 0; slot < this.#top; slot++) if (!freed.has(slot)) visit(slot);
  }

  /** Empties the table and keeps its room. */
  clear(): void {
    this.#index.fill(0);
    this.#freeCount = 0;
    this.#top = 0;
    this.#size = 0;
  }

  #home(slot: number): number {
    const keys = this.#keys;
    const key = slot * 4;
    return hash(keys[key] ?? 0, keys[key + 1] ?? 0, keys[key + 2] ?? 0, keys[key + 3] ?? 0) & this.#mask;
  }

  #link(slot: number): void {
    const mask = this.#mask;
    let at = this.#home(slot);
    while ((this.#index[at] ?? 0) !== 0) at = (at + 1) & mask;
    this.#index[at] = slot + 1;
  }

  #grow(): void {
    const slots = this.#free.length * 2;
    this.#keys = grown(this.#keys, slots * 4);
    this.#free = grown(this.#free, slots);
    this.#index = new Int32Array(slots * 2);
    this.#mask = slots * 2 - 1;
    for (let slot = 0; slot < this.#top; slot++) this.#link(slot);
  }
}
