// SPDX-License-Identifier: Apache-2.0
// What a check found, line by line: each is a figure, and either holds, does not, or is told only for information.

const shown = (value) => (typeof value === 'number' ? value.toLocaleString('en') : String(value));

export class Findings {
  #figures = {};
  #failures = [];

  /** A figure without a verdict. */
  tell(what, value) {
    this.#figures[what] = shown(value);
  }

  /** A figure that must be exactly this. */
  equal(what, found, expected) {
    const held = Object.is(found, expected);
    this.#put(what, held, held ? shown(found) : `${shown(found)}, expected ${shown(expected)}`);
  }

  /** A statement that must hold; `value` is what it rests on. */
  holds(what, held, value = '') {
    this.#put(what, held === true, shown(value));
  }

  /** Two figures that must not differ by more than a share of the expected one, which is not 0. */
  near(what, found, { expected, tolerance }) {
    const share = Math.abs(found / expected - 1);
    const text = `${shown(round(found))} for ${shown(round(expected))} (off by ${(share * 100).toFixed(2)} %, allowed ${(tolerance * 100).toFixed(2)} %)`;
    this.#put(what, Math.abs(found - expected) <= tolerance * Math.abs(expected), text);
  }

  /** @returns {{ held: boolean, figures: Record<string, string>, failures: string[], note?: string }} */
  get result() {
    const failures = this.#failures;
    return { held: failures.length === 0, figures: this.#figures, failures };
  }

  #put(what, held, value) {
    this.#figures[what] = `${held ? 'PASS' : 'FAIL'} ${value}`.trim();
    if (!held) this.#failures.push(`${what}: ${value}`);
  }
}

const round = (value) => Math.round(value * 1000) / 1000;
