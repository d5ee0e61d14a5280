// SPDX-License-Identifier: Apache-2.0
import type { RecordBatch } from '../store/store.js';

/** One end that is open now, as its last OPENED or PROGRESS record says. */
export interface OpenEnd {
  readonly node: string;
  readonly cluster: string;
  /** 32 hexadecimal digits. */
  readonly streamId: string;
  /** Of the frame that brought the record. */
  readonly frameSequence: bigint;
  /** Valid bytes of {@link record}; an older agent's layout is shorter. */
  readonly recordBytes: number;
  /** The whole record in the ABI's layout: a view, valid until control returns to the event loop. Copy what must last. */
  readonly record: Uint8Array;
  /** Add to a boottime of the record to get Unix time, ns. */
  readonly realtimeOffsetNs: bigint;
  /** Ids of the store's `Workload`; 0 while the peer is not yet known. */
  readonly localWorkload: number;
  readonly peerWorkload: number;
  /** When the record reached the collector, Unix ms. */
  readonly updatedAtMs: number;
  /** The other end of the same connection, when it is open and watched too. */
  readonly partner: OpenEnd | null;
}

/** The ends that are open now. What has ended is in the store. */
export interface OpenConnections {
  /** Ends, not connections: a connection seen from both sides comes twice, each with the other as `partner`. */
  list(): Iterable<OpenEnd>;
  /** Number of ends. */
  readonly size: number;
}

/**
 * Whoever wants every record as it arrives. The batch holds all events of a frame, OPENED and PROGRESS too; its arrays
 * are views, valid until control returns to the event loop. Nothing is built while nobody listens.
 */
export interface RecordFeed {
  /** Returns the function that ends it. */
  subscribe(listener: (batch: RecordBatch) => void): () => void;
}
