// SPDX-License-Identifier: Apache-2.0
import { RecordKind } from '@undermesh/bpf-abi';
import type {
  ConnectionDetail,
  Connections,
  ConnectionsQuery,
  LatencyConnections,
  LatencyConnectionsQuery,
} from '@undermesh/schema';
import { isEnd, parseEndId } from './connection-id.js';
import { findConnection, listConnections } from './connection-list.js';
import { latencyConnections, type RegionRequest } from './latency-region.js';
import { MemoryEnds } from './memory-ends.js';
import { framePart, type MemoryFrame, memoryFrame } from './memory-frame.js';
import { memoryRegion } from './memory-region.js';
import { batchKind, endsOf, requestsOf } from './record-kind.js';
import type {
  RecordBatch,
  RecordStore,
  ReplayFrom,
  RollupChange,
  StoredRollup,
  StoreStats,
  StreamPosition,
  Workload,
} from './store.js';
import { latestRequests, type RequestsOf, requestsIn, type StoredRequest } from './stored-request.js';

export interface MemoryStoreOptions {
  readonly retentionSeconds: number;
  /** Records of all kinds; the oldest frames are dropped above it. */
  readonly maxRows: number;
}

const DEFAULTS: MemoryStoreOptions = { retentionSeconds: 86_400, maxRows: 1_000_000 };

/** Keeps records in this process only: for tests, and for a look at a mesh that need not be remembered. */
export class MemoryStore implements RecordStore {
  readonly #options: MemoryStoreOptions;
  readonly #ends: MemoryEnds;
  readonly #positions = new Map<string, StreamPosition>();
  readonly #workloads = new Map<number, Workload>();
  readonly #frames: MemoryFrame[] = [];
  readonly #rollups = new Map<string, StoredRollup>();
  #rollupState: Uint8Array | null = null;
  #lastFrame = 0;
  #bytes = 0;
  #httpRows = 0;
  #legRows = 0;

  constructor(options: Partial<MemoryStoreOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options };
    this.#ends = new MemoryEnds((id) => this.#workloads.get(id));
  }

  async open(): Promise<void> {}
  async close(): Promise<void> {}

  async append(batch: RecordBatch): Promise<'stored' | 'duplicate'> {
    const known = this.#positions.get(batch.streamId);
    if (known !== undefined && batch.sequence <= known.sequence) return 'duplicate';
    this.#positions.set(batch.streamId, {
      node: batch.node,
      streamId: batch.streamId,
      sequence: batch.sequence,
      stored: (known?.stored ?? 0) + endsOf(batch),
      requests: (known?.requests ?? 0) + requestsOf(batch),
    });
    if (batch.count > 0) this.#keep(memoryFrame(batch, ++this.#lastFrame));
    this.#expire();
    return 'stored';
  }

  putWorkloads(workloads: readonly Workload[]): void {
    for (const workload of workloads) this.#workloads.set(workload.id, { ...workload });
  }

  async workloads(): Promise<Workload[]> {
    return [...this.#workloads.values()];
  }

  async positions(): Promise<StreamPosition[]> {
    return [...this.#positions.values()];
  }

  async connections(query: ConnectionsQuery): Promise<Connections> {
    return listConnections(this.#ends, query, (id) => this.#workloads.get(id));
  }

  async connection(id: string): Promise<ConnectionDetail | null> {
    return findConnection(this.#ends, id, (workload) => this.#workloads.get(workload));
  }

  async requests({ id, fromMs, toMs, limit }: RequestsOf): Promise<StoredRequest[]> {
    const identity = parseEndId(id);
    if (identity === null) return [];
    const inTime = (timeNs: bigint): boolean => {
      const ms = Number(timeNs / 1_000_000n);
      return ms >= fromMs && ms <= toMs;
    };
    const found = this.#frames
      .filter(({ batch }) => batchKind(batch) === RecordKind.HTTP)
      .flatMap(({ batch, ends }) =>
        ends
          .filter((end) => isEnd(end, identity) && inTime(end.timeNs))
          .map((end) => requestsIn(batch.records, end.key.position * batch.recordBytes, end.timeNs)),
      );
    return latestRequests(found, limit);
  }

  async latencyConnections(query: LatencyConnectionsQuery): Promise<LatencyConnections> {
    const ofKind = (kind: number): MemoryFrame[] =>
      this.#frames.filter(({ batch }) => batchKind(batch) === kind);
    const [ends, http] = [ofKind(RecordKind.CONNECTION), ofKind(RecordKind.HTTP)];
    const source = { region: async (request: RegionRequest) => memoryRegion(ends, http, request) };
    return latencyConnections(source, query, [...this.#workloads.values()]);
  }

  async replay(
    { sinceMs = 0, afterFrame = 0 }: ReplayFrom,
    onBatch: (batch: RecordBatch) => void,
  ): Promise<void> {
    const sinceNs = BigInt(Math.floor(sinceMs)) * 1_000_000n;
    for (const frame of this.#frames) {
      if (frame.ordinal <= afterFrame) continue;
      const batch = framePart(frame, sinceNs);
      if (batch.count > 0) onBatch(batch);
    }
  }

  async putRollups({ put, remove, state }: RollupChange): Promise<void> {
    for (const rollup of remove) this.#rollups.delete(`${rollup.widthMs}/${rollup.start}`);
    for (const rollup of put) {
      this.#rollups.set(`${rollup.widthMs}/${rollup.start}`, { ...rollup, bytes: rollup.bytes.slice() });
    }
    this.#rollupState = state.slice();
  }

  async rollups(onRollup: (rollup: StoredRollup) => void): Promise<Uint8Array | null> {
    for (const rollup of this.#rollups.values()) onRollup(rollup);
    return this.#rollupState;
  }

  stats(): StoreStats {
    const oldest = this.#ends.oldestNs;
    return {
      driver: 'memory',
      state: 'ok',
      message: null,
      rows: this.#ends.size,
      httpRows: this.#httpRows,
      lastFrame: this.#lastFrame,
      bytes: this.#bytes,
      memoryBytes: null,
      rollups: {
        count: this.#rollups.size,
        bytes: [...this.#rollups.values()].reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
        damaged: 0,
      },
      oldestMs: oldest === null ? null : Number(oldest / 1_000_000n),
      retentionSeconds: this.#options.retentionSeconds,
    };
  }

  #keep(frame: MemoryFrame): void {
    this.#frames.push(frame);
    this.#bytes += frame.batch.records.byteLength;
    this.#countRows(frame, 1);
    if (batchKind(frame.batch) === RecordKind.CONNECTION) this.#ends.add(frame);
  }

  /** Drops whole frames, oldest first, as the other driver drops whole segments. */
  #expire(): void {
    const limit = BigInt(Date.now() - this.#options.retentionSeconds * 1000) * 1_000_000n;
    for (let first = this.#frames[0]; first !== undefined; first = this.#frames[0]) {
      const rows = this.#ends.size + this.#httpRows + this.#legRows;
      if (rows <= this.#options.maxRows && first.newestNs >= limit) return;
      this.#frames.shift();
      this.#bytes -= first.batch.records.byteLength;
      this.#countRows(first, -1);
      if (batchKind(first.batch) === RecordKind.CONNECTION) this.#ends.remove(first);
    }
  }

  #countRows({ batch }: MemoryFrame, sign: 1 | -1): void {
    const kind = batchKind(batch);
    if (kind === RecordKind.HTTP) this.#httpRows += sign * batch.count;
    else if (kind === RecordKind.LEG) this.#legRows += sign * batch.count;
  }
}
