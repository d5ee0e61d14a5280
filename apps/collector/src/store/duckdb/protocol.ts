// SPDX-License-Identifier: Apache-2.0
import type {
  ConnectionDetail,
  Connections,
  ConnectionsQuery,
  LatencyConnections,
  LatencyConnectionsQuery,
} from '@undermesh/schema';
import type { StoreStats, StreamPosition, Workload } from '../store.js';
import type { RequestsOf, StoredRequest } from '../stored-request.js';
import type { DuckdbOptions } from './options.js';

/** A frame on its way to the worker: `bytes` holds the records, then local and peer workload ids, each 8-byte aligned. */
export interface FrameMessage {
  readonly node: string;
  readonly cluster: string;
  readonly streamId: string;
  readonly sequence: bigint;
  readonly realtimeOffsetNs: bigint;
  readonly recordBytes: number;
  readonly count: number;
  readonly bytes: ArrayBuffer;
}

export interface ReplayRequest {
  readonly sinceNs: bigint;
  readonly afterFrame: number;
  /** Where the slice before said to go on; `null`: from the beginning. */
  readonly fromSecond: number | null;
}

export interface ReplaySlice {
  readonly frames: readonly FrameMessage[];
  /** Unix s to go on from; `null` at the end. */
  readonly nextSecond: number | null;
}

/** What the worker does: argument and answer of each operation. */
export interface Operations {
  open: { argument: DuckdbOptions; answer: { workloads: Workload[]; positions: StreamPosition[] } };
  append: {
    argument: { frames: readonly FrameMessage[]; workloads: readonly Workload[] };
    answer: ('stored' | 'duplicate')[];
  };
  positions: { argument: null; answer: StreamPosition[] };
  workloads: { argument: null; answer: Workload[] };
  connections: { argument: ConnectionsQuery; answer: Connections };
  latencyConnections: { argument: LatencyConnectionsQuery; answer: LatencyConnections };
  connection: { argument: string; answer: ConnectionDetail | null };
  requests: { argument: RequestsOf; answer: StoredRequest[] };
  replay: { argument: ReplayRequest; answer: ReplaySlice };
  close: { argument: null; answer: null };
}
export type OperationName = keyof Operations;

export type WorkerRequest = {
  [Name in OperationName]: { id: number; name: Name; argument: Operations[Name]['argument'] };
}[OperationName];

/** What the worker knows of the present figures. */
export type RecordStats = Omit<StoreStats, 'rollups'>;

interface Answered {
  readonly id: number;
  readonly stats: RecordStats | null;
  /** Memory of the frames that came with the request, to be used again. */
  readonly buffers?: readonly ArrayBuffer[];
}

/** Every answer carries the present figures. */
export type WorkerAnswer =
  | (Answered & { answer: Operations[OperationName]['answer'] })
  | (Answered & { failure: { code: string; message: string; status: number } })
  /** Figures without having been asked. */
  | { id: null; stats: RecordStats | null };
