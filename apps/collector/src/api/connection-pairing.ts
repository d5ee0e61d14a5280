// SPDX-License-Identifier: Apache-2.0
import { type EndPair, pairOf } from '../store/connection-item.js';
import { isOver, joinKey, type ReportedEnd } from '../store/end.js';

/** How long an end waits for its partner before it is shown alone, ms. */
export const PARTNER_WAIT_MS = 1_000;
/** Ends shown alone whose partner may still come; then the connection is shown again, joined. */
const MAX_SHOWN = 20_000;

interface Waiting {
  readonly end: ReportedEnd;
  readonly since: number;
}

/** Brings together what the two ends of a connection report within a second or so. */
export class ConnectionPairing {
  /** In order of arrival. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #shown = new Map<string, ReportedEnd>();

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Adds an end; returns the connection when it is complete or nobody need be waited for. */
  add(end: ReportedEnd, now: number): EndPair | null {
    const key = joinKey(end.value);
    if (key === 0n) return pairOf(end, null);
    const name = `${isOver(end.value.event) ? 'over' : 'open'}/${key}`;
    const other = this.#waiting.get(name)?.end ?? this.#shown.get(name);
    if (other !== undefined && other.value.reporter !== end.value.reporter) {
      this.#waiting.delete(name);
      this.#shown.delete(name);
      return pairOf(end, other);
    }
    this.#waiting.set(name, { end, since: now });
    return null;
  }

  /** Connections whose other end did not come in time. */
  *expired(now: number): Iterable<EndPair> {
    for (const [name, { end, since }] of this.#waiting) {
      if (now - since < PARTNER_WAIT_MS) return;
      this.#waiting.delete(name);
      this.#shown.set(name, end);
      if (this.#shown.size > MAX_SHOWN) {
        for (const oldest of this.#shown.keys()) {
          this.#shown.delete(oldest);
          break;
        }
      }
      yield pairOf(end, null);
    }
  }

  clear(): void {
    this.#waiting.clear();
    this.#shown.clear();
  }
}
