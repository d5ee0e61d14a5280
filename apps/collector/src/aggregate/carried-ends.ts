// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord as Field, type RecordColumns } from '@undermesh/bpf-abi';
import { OpenState, type OpenTable } from './open-table.js';

/** Cookie, whether the opening was counted, then sent, received, segments and retransmits. */
const NUMBERS = 6;
/** Streams that nobody has heard of for so long will not be heard of again, ms. */
const KEPT_MS = 86_400_000;
/** An announcement takes up to so long from its agent to here, ms. */
const ANNOUNCED_WITHIN_MS = 5_000;

/** What an earlier run had counted of the ends of one stream that were open. */
export interface CarriedStream {
  readonly streamId: string;
  /** How far the ends of the stream were counted when it was last heard of, Unix ms. */
  readonly at: number;
  /** Six numbers for each end: socket cookie, 1 when its opening was counted, then what was counted of its traffic. */
  readonly ends: Float64Array;
}

/** What had been counted of one end. */
export interface CarriedEnd {
  readonly opened: boolean;
  /** Sent, received, segments, retransmits. */
  readonly counted: Float64Array;
}

/**
 * What earlier runs had counted of ends that were still open then, until these show up again, open or over: only what
 * goes beyond it is counted. Cookies count up from 1, so a number holds them.
 */
export class CarriedEnds {
  readonly #ends = new Map<string, CarriedEnd>();
  readonly #at = new Map<string, number>();
  #stateAt = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#ends.size;
  }

  /** No earlier run left anything, and this one began at `at`, Unix ms. */
  begin(at: number): void {
    this.#stateAt = at;
  }

  /** @param at when the earlier run wrote it down, Unix ms. */
  restore(streams: readonly CarriedStream[], at: number): void {
    this.#stateAt = at;
    for (const { streamId, at: heardAt, ends } of streams) {
      this.#at.set(streamId, heardAt);
      for (let i = 0; i + NUMBERS <= ends.length; i += NUMBERS) {
        const counted = ends.slice(i + 2, i + NUMBERS);
        this.#ends.set(`${streamId}/${ends[i]}`, { opened: ends[i + 1] === 1, counted });
      }
    }
  }

  holds(streamId: string, columns: RecordColumns, index: number): boolean {
    return this.#ends.size > 0 && this.#ends.has(keyOf(streamId, columns, index));
  }

  /** What was counted of an end, once. */
  take(streamId: string, columns: RecordColumns, index: number): CarriedEnd | undefined {
    if (this.#ends.size === 0) return undefined;
    const key = keyOf(streamId, columns, index);
    const end = this.#ends.get(key);
    this.#ends.delete(key);
    return end;
  }

  /**
   * Whether an end that is not held was counted by nobody: it opened after the earlier run had written down all it knew, or
   * where there was none since this one began.
   */
  isNews(streamId: string, openedAt: number): boolean {
    return openedAt > (this.#at.get(streamId) ?? this.#stateAt) - ANNOUNCED_WITHIN_MS;
  }

  /** Everything that is open now, and what is still carried, to be written down; `heard` streams have told all at `now`. */
  list(
    open: OpenTable,
    streamIdOf: (stream: number) => string,
    { heard, now }: { heard: ReadonlySet<string>; now: number },
  ): CarriedStream[] {
    const byStream = new Map<string, number[]>();
    for (const [streamId, at] of this.#at) if (now - at < KEPT_MS) byStream.set(streamId, []);
    for (const streamId of heard) byStream.set(streamId, []);
    open.forEach((slot) => {
      const numbers = byStream.get(streamIdOf(open.stream(slot)));
      if (numbers === undefined || open.isClosing(slot)) return;
      const isOpened = (open.edge[slot] ?? -1) >= 0 || ((open.state[slot] ?? 0) & OpenState.BASELINE) !== 0;
      numbers.push(open.columns.u64(slot, Field.socketCookie), isOpened ? 1 : 0);
      numbers.push(...open.counted.subarray(slot * 4, slot * 4 + 4));
    });
    for (const [key, { opened, counted }] of this.#ends) {
      const [streamId = '', cookie] = key.split('/');
      byStream.get(streamId)?.push(Number(cookie), opened ? 1 : 0, ...counted);
    }
    return [...byStream].map(([streamId, numbers]) => ({
      streamId,
      at: heard.has(streamId) ? now : (this.#at.get(streamId) ?? now),
      ends: Float64Array.from(numbers),
    }));
  }
}

const keyOf = (streamId: string, columns: RecordColumns, index: number): string =>
  `${streamId}/${columns.u64(index, Field.socketCookie)}`;
