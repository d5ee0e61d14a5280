// SPDX-License-Identifier: Apache-2.0

/** A refused frame that has not come again after this time is not waited for: its agent has dropped and counted it. */
const PATIENCE_MS = 60_000;

/**
 * Keeps the frames of a stream in order when some were refused. Positions only rise: if a later frame were stored
 * before a refused one came again, the refused one would look like a duplicate and be lost.
 */
export class OrderGuard {
  readonly #refused = new Map<string, { readonly sequences: Set<bigint>; touchedAt: number }>();

  /** Remembers that a frame was refused. */
  refuse(streamId: string, sequence: bigint, now: number): void {
    const known = this.#refused.get(streamId);
    if (known === undefined) this.#refused.set(streamId, { sequences: new Set([sequence]), touchedAt: now });
    else {
      known.sequences.add(sequence);
      known.touchedAt = now;
    }
  }

  /** Whether a frame may be stored now: no earlier one of its stream is still to come again. */
  admit(streamId: string, sequence: bigint, now: number): boolean {
    const known = this.#refused.get(streamId);
    if (known === undefined) return true;
    known.sequences.delete(sequence);
    if (known.sequences.size === 0 || now - known.touchedAt > PATIENCE_MS) {
      this.#refused.delete(streamId);
      return true;
    }
    for (const earlier of known.sequences) if (earlier < sequence) return false;
    return true;
  }
}
