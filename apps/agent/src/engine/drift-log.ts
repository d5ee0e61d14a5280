// SPDX-License-Identifier: Apache-2.0
import type { EngineDrift } from './control.js';

/** Something that was not as it had been put. */
export interface Finding {
  readonly what: string;
  readonly mended: boolean;
}

const REMEMBERED_MS = 600_000;
const REMEMBERED = 20;

/** What drifted: as long as it lasts, and for ten minutes after it was mended. */
export class DriftLog {
  readonly #lasting = new Map<string, Map<string, EngineDrift>>();
  #mended: { readonly drift: EngineDrift; readonly mendedAtMs: number }[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  /** Takes in what a look of a kind found: what lasted and is not among it any more has come right. */
  look(kind: string, findings: readonly Finding[]): void {
    const before = this.#lasting.get(kind);
    const now = new Map<string, EngineDrift>();
    for (const { what, mended } of findings) {
      const drift = before?.get(what) ?? { atMs: this.#nowMs(), what, mended };
      if (mended) this.#remember({ ...drift, mended });
      else now.set(what, drift);
    }
    for (const [what, drift] of before ?? []) {
      if (!findings.some((finding) => finding.what === what)) this.#remember({ ...drift, mended: true });
    }
    this.#lasting.set(kind, now);
  }

  /** Latest first. */
  get drift(): EngineDrift[] {
    const since = this.#nowMs() - REMEMBERED_MS;
    this.#mended = this.#mended.filter(({ mendedAtMs }) => mendedAtMs > since);
    const lasting = [...this.#lasting.values()].flatMap((of) => [...of.values()]);
    const mended = this.#mended.map(({ drift }) => drift);
    return [...lasting, ...mended].sort((a, b) => b.atMs - a.atMs).slice(0, REMEMBERED);
  }

  #remember(drift: EngineDrift): void {
    this.#mended = [{ drift, mendedAtMs: this.#nowMs() }, ...this.#mended].slice(0, REMEMBERED);
  }
}
