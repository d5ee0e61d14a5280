// SPDX-License-Identifier: Apache-2.0

/** A request on one connection, as the kernel saw it. */
export interface Sample {
  readonly firstByteUs: number;
  readonly lastByteUs: number;
  readonly status: number;
  readonly method: number;
  readonly flags: number;
}

/** Samples of a connection that may wait; the oldest are given up beyond it. */
const MOST_SAMPLES = 1024;

/** The samples of one connection by number, from 1, until somebody takes them. */
export class Samples {
  #first = 1;
  #samples: (Sample | null)[] = [];

  add(sample: Sample): void {
    this.#samples.push(sample);
    if (this.#samples.length > MOST_SAMPLES) this.#drop(MOST_SAMPLES / 2);
  }

  /** So many requests have no sample. */
  skip(count: number): void {
    if (this.#samples.length === 0) this.#first += count;
    else for (let i = 0; i < Math.min(count, MOST_SAMPLES); i++) this.#samples.push(null);
  }

  /** Whether it is known what became of a number. */
  has(number: number): boolean {
    return number < this.#first + this.#samples.length;
  }

  /** Takes a sample; `null`: there is none. */
  take(number: number): Sample | null {
    const at = number - this.#first;
    if (at < 0 || at >= this.#samples.length) return null;
    const sample = this.#samples[at] ?? null;
    this.#samples[at] = null;
    const left = this.#samples.findIndex((one) => one !== null);
    this.#drop(left < 0 ? this.#samples.length : left);
    return sample;
  }

  #drop(count: number): void {
    this.#samples.splice(0, count);
    this.#first += count;
  }
}
