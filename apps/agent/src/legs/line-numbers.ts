// SPDX-License-Identifier: Apache-2.0

/** Threads of one worker may write their lines in another order; one that is later than this is lost. */
const LATE_MS = 2_000;
/** Numbers that may be waited for; in a larger hole all are lost at once. */
const MOST_MISSING = 4_096;
/** A worker that wrote nothing for so long is over. */
const FORGET_MS = 24 * 3_600_000;

interface Worker {
  highest: number;
  /** When each missing number was first missed. */
  readonly missing: Map<number, number>;
  heardMs: number;
}

/** Tells from the numbers of lines how many are missing. */
export class LineNumbers {
  readonly #workers = new Map<number, Worker>();
  #lost = 0;

  /** Lines that are missing for good. */
  get lost(): number {
    return this.#lost;
  }

  /** Lines that are missing and may still come. */
  get missing(): number {
    let missing = 0;
    for (const worker of this.#workers.values()) missing += worker.missing.size;
    return missing;
  }

  /** Notes a line. The first of a worker says where it stands: what came before is not of this agent's run. */
  note(pid: number, number: number, nowMs: number): void {
    const worker = this.#workers.get(pid);
    if (worker === undefined || number + MOST_MISSING < worker.highest) {
      // A pid that was given again begins anew.
      this.#lost += worker?.missing.size ?? 0;
      this.#workers.set(pid, { highest: number, missing: new Map(), heardMs: nowMs });
      return;
    }
    worker.heardMs = nowMs;
    if (number <= worker.highest) {
      worker.missing.delete(number);
      return;
    }
    const hole = number - worker.highest - 1;
    if (hole > MOST_MISSING) this.#lost += hole;
    else for (let at = worker.highest + 1; at < number; at++) worker.missing.set(at, nowMs);
    worker.highest = number;
  }

  /** Gives up what is late. Returns how many lines were lost since the last call. */
  settle(nowMs: number): number {
    const before = this.#lost;
    for (const [pid, { missing, heardMs }] of this.#workers) {
      for (const [number, sinceMs] of missing) {
        if (nowMs - sinceMs < LATE_MS) break;
        missing.delete(number);
        this.#lost++;
      }
      if (nowMs - heardMs > FORGET_MS) this.#workers.delete(pid);
    }
    return this.#lost - before;
  }
}
