// SPDX-License-Identifier: Apache-2.0
import { createLogger, messageOf } from '@undermesh/core';
import type { RecordStore, RollupChange, StoredRollup } from '../store/store.js';
import type { Aggregator } from './aggregator.js';
import { type CheckpointState, decodeState, encodeState, type StreamMark } from './checkpoint-state.js';
import type { Placements } from './placements.js';
import { decodeCells, encodeCells } from './rollup-codec.js';
import type { Streams } from './streams.js';
import { FINE_KEPT_MS, HOUR_MS } from './tiers.js';
import type { Rollup } from './timeline.js';

const log = createLogger('checkpoints');
const EVERY_MS = 60_000;
/** How long a collector that stops waits for its store. */
const CLOSE_MS = 5_000;

/** What checkpoints are made of. */
export interface CheckpointParts {
  readonly store: RecordStore;
  readonly aggregator: Aggregator;
  readonly placements: Placements;
  readonly streams: Streams;
  /** How far each stream is counted, those of earlier runs among them. */
  readonly marks: () => StreamMark[];
  /** Ids of the streams whose agents have spoken since the start. */
  readonly heard: () => ReadonlySet<string>;
  /** Whether all frames up to a mark are stored. */
  readonly isDurable: (mark: StreamMark) => boolean;
  /** Time from one checkpoint to the next, ms; a minute unless given. */
  readonly everyMs?: number | undefined;
}

/** A checkpoint on its way into the store. */
interface Draft {
  readonly change: RollupChange;
  readonly marks: readonly StreamMark[];
  readonly rollups: readonly Rollup[];
}

/**
 * Writes the timeline down, once a minute: every bucket that has changed, together with how far each stream was counted
 * at that moment and what was counted of the ends that were open. A later run takes all that up and counts only the
 * frames that lie beyond the marks, so that each frame is counted once, whenever the collector is killed.
 *
 * A checkpoint is written only when every frame in it is stored: otherwise an agent would send it again, and it would be
 * counted again.
 */
export class Checkpoints {
  readonly #parts: CheckpointParts;
  #draft: Draft | null = null;
  #writing: Promise<void> | null = null;
  #begunAt = 0;
  /** Nothing is written before an earlier run's frames are counted. */
  #ready = false;

  constructor(parts: CheckpointParts) {
    this.#parts = parts;
  }

  /** Takes up what an earlier run wrote down; `null` when there is nothing, and all must be counted anew. */
  async restore(now: number): Promise<CheckpointState | null> {
    const { store, aggregator, placements } = this.#parts;
    const found: StoredRollup[] = [];
    const bytes = await store.rollups((rollup) => found.push(rollup));
    const state = bytes === null ? null : decodeState(bytes);
    // Without a state the last hour is counted again from its records: what reaches into it would be counted twice.
    const before = state === null ? now - FINE_KEPT_MS - HOUR_MS : Number.POSITIVE_INFINITY;
    const names = { edges: aggregator.edges, placements };
    for (const { widthMs, start, bytes: content } of found) {
      if (start + widthMs > before) continue;
      try {
        aggregator.timeline.restore({ widthMs, start, ...decodeCells(content, names) });
      } catch (error) {
        log.error({ err: error, widthMs, start }, 'a roll-up cannot be read and is left out');
      }
    }
    if (state !== null) {
      aggregator.carried.restore(state.carried, state.at);
      const oldest = aggregator.timeline.read.oldest() ?? state.at;
      for (const one of state.presence ?? [{ from: oldest, to: state.at }]) aggregator.presence.add(one);
    }
    return state;
  }

  /** From now on checkpoints are made, the first at once; call it when everything of earlier runs is counted. */
  begin(): void {
    this.#ready = true;
  }

  /** Call it every second or so. */
  tick(now: number): void {
    if (!this.#ready || this.#writing !== null) return;
    if (now - this.#begunAt >= (this.#parts.everyMs ?? EVERY_MS)) this.#draft ??= this.#drafted(now);
    this.#write();
  }

  /** Writes down what there is, as soon as all that was taken in is stored; gives up when that takes too long. */
  async close(): Promise<void> {
    if (!this.#ready) return;
    await this.#writing;
    if (this.#draft !== null) this.#parts.aggregator.timeline.putBack(this.#draft.rollups);
    this.#draft = this.#drafted(Date.now());
    const deadline = performance.now() + CLOSE_MS;
    while (this.#draft !== null && performance.now() < deadline) {
      this.#write();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await this.#writing;
  }

  #drafted(now: number): Draft {
    const { store, aggregator, placements, streams } = this.#parts;
    const { timeline, edges } = aggregator;
    this.#begunAt = now;
    const waiting = timeline.draft(() => aggregator.countWaiting(now));
    const rollups = timeline.snapshot(waiting);
    const marks = this.#parts.marks();
    const put: StoredRollup[] = [];
    const remove: Omit<StoredRollup, 'bytes'>[] = [];
    for (const { widthMs, start, cells, final } of rollups) {
      if (cells === null) remove.push({ widthMs, start });
      else put.push({ widthMs, start, bytes: encodeCells({ cells, final }, { edges, placements }) });
    }
    const heard = this.#parts.heard();
    const state = encodeState({
      at: now,
      frame: store.stats().lastFrame,
      marks,
      carried: aggregator.carried.list(aggregator.open, (stream) => streams.at(stream)?.id ?? '', {
        heard,
        now,
      }),
      presence: aggregator.presence.list(aggregator.timeline.read.oldest() ?? now),
    });
    return { change: { put, remove, state }, marks, rollups };
  }

  #write(): void {
    const draft = this.#draft;
    if (draft === null || !draft.marks.every(this.#parts.isDurable)) return;
    this.#draft = null;
    this.#writing = this.#parts.store
      .putRollups(draft.change)
      .catch((error: unknown) => {
        this.#parts.aggregator.timeline.putBack(draft.rollups);
        log.warn(
          { problem: messageOf(error) },
          'roll-ups cannot be written; they will be with the next ones',
        );
      })
      .finally(() => {
        this.#writing = null;
      });
  }
}
