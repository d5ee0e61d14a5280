// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord, HttpRecord, RecordEvent, RecordFlag } from '@undermesh/bpf-abi';
import type { Identity } from '../identity/identity.js';
import type { Backlog } from './backlog.js';
import type { ClockPair, FrameBuilder } from './frame-builder.js';
import { RequestBook } from './request-book.js';

/** Where records come from: the kernel's ring. */
export interface RecordSource {
  /** Adds records to a sink until it is full or nothing is left; `stopped` says which. */
  readBatch(
    sinks: readonly { readonly recordBytes: number; readonly target: Uint8Array; records: number }[],
  ): { readonly records: number; readonly skipped: number; readonly stopped: 'empty' | 'busy' | 'full' };
  readonly availableBytes: number;
  readonly sizeBytes: number;
}

/** What a drain works with. */
export interface DrainOptions {
  readonly source: RecordSource;
  /** For connection records. */
  readonly builder: FrameBuilder;
  /** For http records of each size; without them they are passed over. */
  readonly requests?: readonly FrameBuilder[];
  readonly backlog: Backlog;
  readonly identity: Identity;
  readonly clock: () => ClockPair;
  /** Why a frame without room is lost; default `agent_memory`. */
  readonly overflow?: () => OverflowReason;
  /** Sees each record once it is named: it begins at `words[at]`. */
  readonly onRecord?: (words: Uint32Array, at: number, http: boolean) => void;
}

/** What may keep a frame from being kept. */
export type OverflowReason = 'agent_memory' | 'spool_full';

const STRIDE = ConnectionRecord.BYTES >> 2;
const WORKLOAD = ConnectionRecord.workloadId >> 2;
const TIME = ConnectionRecord.timeNs >> 2;
const WORD = 2 ** 32;
const SAMPLE_COUNT = HttpRecord.sampleCount >> 2;

/**
 * Moves records from the ring into frames of one kind each: named, counted, and bounded by the backlog's memory. An http
 * record leaves before the end of its connection, or with it.
 */
export class Drain {
  /** What became of the requests in http records. */
  readonly book = new RequestBook();
  readonly #options: DrainOptions;
  readonly #requests: readonly FrameBuilder[];
  /** All of them, in the order that their frames leave in. */
  readonly #builders: readonly FrameBuilder[];
  #peakBytes = 0;
  #recordsRead = 0;
  #requestsRead = 0;
  #recordsSkipped = 0;
  readonly #endsLost = { agent_memory: 0, spool_full: 0 };
  #recordsLost = 0;
  #oldestMs = 0;
  #failed = 0;
  #adopted = 0;

  constructor(options: DrainOptions) {
    this.#options = options;
    const { requests = [], builder } = options;
    this.#requests = requests;
    this.#builders = [...requests, builder];
  }

  /** Reads all there is; full frames go to the backlog. Returns how many records were read. */
  run(nowMs: number): number {
    const { source, builder } = this.#options;
    const available = source.availableBytes;
    if (available === 0) return 0;
    if (available > this.#peakBytes) this.#peakBytes = available;
    const clock = this.#options.clock();
    let total = 0;
    for (;;) {
      const first = builder.records;
      const firstRequests = this.#requests.map(({ records }) => records);
      const wasEmpty = first === 0 && firstRequests.every((records) => records === 0);
      const { records, skipped, stopped } = source.readBatch(this.#builders);
      this.#recordsSkipped += skipped;
      if (wasEmpty && records > 0) this.#oldestMs = nowMs;
      this.#name(first, Number(clock.boottime));
      this.#nameRequests(firstRequests, Number(clock.boottime));
      total += records;
      if (builder.full) this.cut(clock);
      else for (const each of this.#requests) if (each.full) this.#seal(each, clock);
      if (stopped !== 'full') break;
    }
    this.#recordsRead += total;
    return total;
  }

  /**
   * Closes the frames that are being filled. Without room for one in the backlog its records are dropped, its ends and
   * requests counted as lost.
   */
  cut(clock: ClockPair = this.#options.clock()): void {
    for (const builder of this.#builders) this.#seal(builder, clock);
  }

  /** Closes a frame of records that the agent made itself. Returns why it was dropped; `null`: it was not. */
  pass(builder: FrameBuilder): OverflowReason | null {
    return this.#seal(builder, this.#options.clock());
  }

  #seal(builder: FrameBuilder, clock: ClockPair): OverflowReason | null {
    const { backlog } = this.#options;
    const { records, ends, requests } = builder;
    if (records === 0) return null;
    if (backlog.hasRoomFor(builder.bytes)) {
      const frame = builder.seal(backlog.nextSequence, clock);
      if (requests > 0) this.book.sealed(frame.header.sequence, requests);
      backlog.push(frame);
      return null;
    }
    const reason = this.#options.overflow?.() ?? 'agent_memory';
    this.#endsLost[reason] += ends;
    this.book.dropped(reason, requests);
    this.#recordsLost += records;
    builder.clear();
    return reason;
  }

  /** Age of the oldest record of the frames that are being filled, ms; 0 when they are empty. */
  ageMs(nowMs: number): number {
    return this.#builders.every(({ records }) => records === 0) ? 0 : nowMs - this.#oldestMs;
  }

  /** Fills in the workload of each new record and counts ends: no object, string or copy per record. */
  #name(first: number, nowNs: number): void {
    const { builder, identity, onRecord } = this.#options;
    const { words, records } = builder;
    let ends = 0;
    for (let i = first, at = first * STRIDE; i < records; i++, at += STRIDE) {
      words[at + WORKLOAD] = identity.ofRecord(words, at, nowNs);
      onRecord?.(words, at, false);
      const event = ((words[at] ?? 0) >>> 8) & 0xff;
      if (event === RecordEvent.CLOSED || event === RecordEvent.FAILED) ends++;
      if (event === RecordEvent.FAILED) this.#failed++;
      const flags = (words[at + 1] ?? 0) >>> 16;
      if ((flags & RecordFlag.ADOPTED) !== 0 && isFirst(event, flags)) this.#adopted++;
    }
    builder.ends += ends;
  }

  /**
   * The same of http records, in the order that they were made in, whatever their size: whoever follows a connection counts
   * its requests.
   * @param next by builder, its first new record
   */
  #nameRequests(next: number[], nowNs: number): void {
    const { identity, onRecord } = this.#options;
    const builders = this.#requests;
    for (let of = oldest(builders, next); of >= 0; of = oldest(builders, next)) {
      const builder = builders[of];
      if (builder === undefined) break;
      const { words } = builder;
      const at = (next[of] ?? 0) * (builder.recordBytes >> 2);
      words[at + WORKLOAD] = identity.ofRecord(words, at, nowNs);
      onRecord?.(words, at, true);
      const requests = (words[at + SAMPLE_COUNT] ?? 0) & 0xff;
      builder.requests += requests;
      this.#requestsRead += requests;
      next[of] = (next[of] ?? 0) + 1;
    }
  }

  /** Requests in the http records that were read. */
  get requestsRead(): number {
    return this.#requestsRead;
  }

  /** FAILED records read. */
  get failed(): number {
    return this.#failed;
  }

  /** Connections older than the agent that were met. */
  get adopted(): number {
    return this.#adopted;
  }

  /** Ends dropped because the backlog was full, by what kept it so. */
  get endsLost(): Readonly<Record<OverflowReason, number>> {
    return this.#endsLost;
  }

  /** Records of any event dropped with them. */
  get recordsLost(): number {
    return this.#recordsLost;
  }

  get recordsRead(): number {
    return this.#recordsRead;
  }

  /** Records of a length that this agent does not know. */
  get recordsSkipped(): number {
    return this.#recordsSkipped;
  }

  /** Fullest that the ring was found, bytes. */
  get peakBytes(): number {
    return this.#peakBytes;
  }
}

/** Whose next record was made first; -1: none has one. */
function oldest(builders: readonly FrameBuilder[], next: readonly number[]): number {
  let best = -1;
  let bestNs = Number.POSITIVE_INFINITY;
  for (let of = 0; of < builders.length; of++) {
    const builder = builders[of];
    const index = next[of] ?? 0;
    if (builder === undefined || index >= builder.records) continue;
    const { words } = builder;
    const at = index * (builder.recordBytes >> 2) + TIME;
    const ns = (words[at] ?? 0) + (words[at + 1] ?? 0) * WORD;
    if (ns >= bestNs) continue;
    best = of;
    bestNs = ns;
  }
  return best;
}

/** Whether a record is the first that is made of its connection. */
const isFirst = (event: number, flags: number): boolean =>
  event === RecordEvent.OPENED
    ? (flags & RecordFlag.REANNOUNCED) === 0
    : event === RecordEvent.CLOSED && (flags & RecordFlag.ANNOUNCED) === 0;
