// SPDX-License-Identifier: Apache-2.0
import { trace } from '@opentelemetry/api';
import { createLogger } from '@undermesh/core';
import type { Dictionary, Frame } from '@undermesh/schema';
import type { Placements } from '../aggregate/placements.js';
import type { Stream } from '../aggregate/streams.js';
import { CollectorError } from '../errors.js';
import type { RecordStore } from '../store/store.js';
import { DictionaryReader, type NameBudget } from './dictionary.js';
import type { Intake, Taken } from './intake.js';
import type { Ledger } from './ledger.js';
import { Position } from './positions.js';

const log = createLogger('ingest');
/** Does nothing unless traces are exported. */
const tracer = trace.getTracer('undermesh');
/** Pause before a batch that the store refused is offered again. */
const RETRY_MS = 500;
/** A batch that takes longer makes the agent wait. */
const SLOW_MS = 2_000;

/** Who wants to hear that the durable position moved. */
export interface RoadListener {
  acknowledge(): void;
}

/** What roads share. */
export interface RoadParts {
  readonly intake: Intake;
  readonly placements: Placements;
  /** The node's, over all of its streams. */
  readonly names: NameBudget;
  readonly store: RecordStore;
  readonly ledger: Ledger;
  readonly requestLedger: Ledger;
  readonly now: () => number;
  /** Bytes that came into memory or have left it. */
  readonly onBytes: (bytes: number) => void;
  readonly onFrame: (taken: Taken & { records: number; bytes: number }) => void;
}

/** The way of one stream's frames: counted once, stored, acknowledged. Outlives the connections that it comes over. */
export class StreamRoad {
  readonly stream: Stream;
  readonly #parts: RoadParts;
  readonly #position: Position;
  readonly #dictionary: DictionaryReader;
  readonly #waiting = new Map<bigint, number>();
  #listener: RoadListener | null = null;
  #refused = false;

  constructor(stream: Stream, durable: bigint, parts: RoadParts) {
    this.stream = stream;
    this.#parts = parts;
    this.#position = new Position(durable);
    this.#dictionary = new DictionaryReader(stream, parts);
  }

  get durable(): bigint {
    return this.#position.durable;
  }

  get counted(): bigint {
    return this.#position.counted;
  }

  get pending(): number {
    return this.#position.pending;
  }

  get gaps(): number {
    return this.#position.gaps;
  }

  get repeats(): number {
    return this.#position.repeats;
  }

  /** The store refuses or is slow: the agent shall wait. */
  get stalled(): boolean {
    if (this.#refused) return true;
    const [oldest] = this.#waiting.values();
    return oldest !== undefined && this.#parts.now() - oldest > SLOW_MS;
  }

  attach(listener: RoadListener): void {
    this.#listener = listener;
  }

  detach(listener: RoadListener): void {
    if (this.#listener === listener) this.#listener = null;
  }

  applyDictionary(dictionary: Dictionary): void {
    this.#dictionary.apply(dictionary);
  }

  /** Takes a frame of records. Throws CollectorError when it cannot be understood. */
  take(frame: Frame): void {
    const { intake, ledger, requestLedger, now, onBytes, onFrame } = this.#parts;
    if (frame.sequence === 0n)
      throw new CollectorError('message_invalid', 'Record frames are numbered from 1.');
    if (!this.#position.isNew(frame.sequence)) {
      this.#position.repeats++;
      this.#listener?.acknowledge();
      return;
    }
    const at = now();
    const span = tracer.startSpan('ingest frame', {
      attributes: { node: this.stream.nodeName, records: frame.recordCount, bytes: frame.payload.byteLength },
    });
    const taken = intake.take(frame, this.stream, at);
    this.#position.begin(frame.sequence);
    const { nodeName: node, id: stream } = this.stream;
    ledger.firstRecordAt ??= at;
    const { invalidEnds, invalidRequests, lostRequests } = taken;
    ledger.received(node, stream, taken.ends);
    if (invalidEnds > 0) ledger.lost({ node, stream, reason: 'invalid', count: invalidEnds });
    if (taken.requests > 0) requestLedger.received(node, stream, taken.requests);
    if (invalidRequests > 0) requestLedger.lost({ node, stream, reason: 'invalid', count: invalidRequests });
    if (lostRequests > 0) requestLedger.told({ node, stream, reason: 'ring_full', count: lostRequests });
    const bytes = frame.payload.byteLength;
    onFrame({ ...taken, records: frame.recordCount, bytes });
    this.#waiting.set(frame.sequence, at);
    onBytes(bytes);
    span.addEvent('counted');
    void this.#store(taken).finally(() => {
      intake.release(taken.batch);
      onBytes(-bytes);
      span.end();
    });
  }

  async #store({ batch, invalid, ...taken }: Taken): Promise<void> {
    const { store, ledger, requestLedger } = this.#parts;
    const { nodeName, id } = this.stream;
    if (invalid > 0) await Promise.all([ledger.save(), requestLedger.save()]);
    for (;;) {
      try {
        const outcome = await store.append(batch);
        if (outcome === 'stored') {
          ledger.stored(nodeName, id, taken.ends - taken.invalidEnds);
          requestLedger.stored(nodeName, id, taken.requests - taken.invalidRequests);
        }
        break;
      } catch (error) {
        if (error instanceof CollectorError && error.code === 'stopping') return;
        if (!this.#refused)
          log.warn({ err: error, node: nodeName }, 'the store refuses records; agents wait');
        this.#refused = true;
        this.#listener?.acknowledge();
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
    this.#refused = false;
    this.#waiting.delete(batch.sequence);
    this.#position.finish(batch.sequence);
    this.#listener?.acknowledge();
  }
}
