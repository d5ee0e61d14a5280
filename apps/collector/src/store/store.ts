// SPDX-License-Identifier: Apache-2.0
import type {
  ConnectionDetail,
  Connections,
  ConnectionsQuery,
  LatencyConnections,
  LatencyConnectionsQuery,
  Status,
  WorkloadKind,
} from '@undermesh/schema';
import type { RequestsOf, StoredRequest } from './stored-request.js';

/** A workload as the whole collector numbers it. The id is stable in a store: it is written beside every record. */
export interface Workload {
  /** From 1; 0 stands for "not known". */
  id: number;
  cluster: string;
  namespace: string;
  name: string;
  version: string | null;
  kind: WorkloadKind;
  system: boolean;
  /** Known only as a peer: no agent watches it. */
  external: boolean;
}

/**
 * The records of one `records` frame that are kept: its CLOSED and FAILED connection records, or its http records,
 * never both. Tightly packed in the ABI's layout, with what the collector found out about them. All arrays have `count`
 * entries.
 */
export interface RecordBatch {
  node: string;
  cluster: string;
  /** 32 hexadecimal digits. */
  streamId: string;
  /** Of the frame. (streamId, sequence) is the key that makes a retried frame harmless. */
  sequence: bigint;
  abiVersion: number;
  recordBytes: number;
  count: number;
  /** count × recordBytes bytes, 8-byte aligned. */
  records: Uint8Array;
  /** Add to a record's boottime to get Unix time, ns. */
  realtimeOffsetNs: bigint;
  /** Workload of the reporting end and of its peer, as known at ingest; ids of {@link Workload}. */
  localWorkload: Uint32Array;
  peerWorkload: Uint32Array;
}

export interface StoreStats {
  driver: Status['store']['driver'];
  state: Status['store']['state'];
  message: string | null;
  /** Connection ends. */
  rows: number;
  /** Http records, of up to 48 requests each. */
  httpRows: number;
  bytes: number | null;
  /** Memory that the database holds, at most its limit: mostly pages of its files. `null`: there is none. */
  memoryBytes: number | null;
  /** Ordinal of the last frame with records that was stored; rises with each. */
  lastFrame: number;
  rollups: { readonly count: number; readonly bytes: number; readonly damaged: number };
  oldestMs: number | null;
  retentionSeconds: number;
}

/** A stream's durable position. */
export interface StreamPosition {
  node: string;
  streamId: string;
  sequence: bigint;
  /** Ends stored of this stream, ever (retention does not lower it). */
  stored: number;
  /** Requests in the http records stored of it, likewise. */
  requests: number;
}

/** Which records {@link RecordStore.replay} gives. */
export interface ReplayFrom {
  /** Unix ms; made then or later. */
  readonly sinceMs?: number;
  /** Of frames stored after this one, see {@link StoreStats.lastFrame}. */
  readonly afterFrame?: number;
}

/** Figures of one stretch of time; the store does not look inside. */
export interface StoredRollup {
  readonly widthMs: number;
  /** Unix ms. */
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** What {@link RecordStore.putRollups} changes. */
export interface RollupChange {
  readonly put: readonly StoredRollup[];
  readonly remove: readonly Omit<StoredRollup, 'bytes'>[];
  /** Replaces what an earlier change said: how far the roll-ups go. */
  readonly state: Uint8Array;
}

/** Where records live. One contract suite (test/store/contract.ts) holds for every driver. */
export interface RecordStore {
  /** Opens and repairs. Rejects with `store_unavailable` or `store_corrupt` and a message that says what to do. */
  open(): Promise<void>;
  /** Flushes and closes; safe to call twice. */
  close(): Promise<void>;
  /**
   * Makes batch and stream position durable in one transaction, then resolves; concurrent calls are committed in groups. A batch
   * whose (streamId, sequence) is already stored resolves with `duplicate`. Rejects with `store_full` or
   * `store_unavailable`, having stored nothing of it; the batches of its stream that follow are then rejected too until
   * it has been appended again, because positions only rise.
   */
  append(batch: RecordBatch): Promise<'stored' | 'duplicate'>;
  /** Workload names must be known before records that use them; same durability as the next append. */
  putWorkloads(workloads: readonly Workload[]): void;
  /** All workloads ever put, to continue their numbering after a restart. */
  workloads(): Promise<Workload[]>;
  positions(): Promise<StreamPosition[]>;
  /**
   * Ended connections (state open is answered elsewhere), newest end first, both ends joined. `matched` and `histogram`
   * are given with the first page only. Rejects with `request_invalid` or `cursor_invalid`.
   */
  connections(query: ConnectionsQuery): Promise<Connections>;
  connection(id: string): Promise<ConnectionDetail | null>;
  /** The latest requests of one end, newest first; none for an id that is none of ours. */
  requests(of: RequestsOf): Promise<StoredRequest[]>;
  /** Connections with samples in a region of time and latency, slowest first. Rejects with `request_invalid`. */
  latencyConnections(query: LatencyConnectionsQuery): Promise<LatencyConnections>;
  /**
   * Records that match, oldest first, to rebuild the aggregates after a restart. A frame may come in parts.
   */
  replay(from: ReplayFrom, onBatch: (batch: RecordBatch) => void): Promise<void>;
  /**
   * Makes roll-ups and the state that goes with them durable: after a crash either all of a change is there or nothing
   * of it. Retention does not touch them. One call at a time. Rejects with `store_full` or `store_unavailable`, and has
   * then changed nothing.
   */
  putRollups(change: RollupChange): Promise<void>;
  /**
   * Reads all roll-ups, then resolves with the state; `null` when there is none. Those that are damaged are left out,
   * set aside and counted in {@link StoreStats}.
   */
  rollups(onRollup: (rollup: StoredRollup) => void): Promise<Uint8Array | null>;
  stats(): StoreStats;
}
