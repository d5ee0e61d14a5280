// SPDX-License-Identifier: Apache-2.0
import { statfsSync } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import { messageOf } from '@undermesh/core';
import type {
  ConnectionDetail,
  Connections,
  ConnectionsQuery,
  LatencyConnections,
  LatencyConnectionsQuery,
} from '@undermesh/schema';
import { findConnection, listConnections } from '../connection-list.js';
import { latencyConnections } from '../latency-region.js';
import { endsOf, requestsOf } from '../record-kind.js';
import type { StoreStats, StreamPosition, Workload } from '../store.js';
import { encodedFrame } from './frame-layout.js';
import type { DuckdbOptions } from './options.js';
import type { FrameMessage, Operations, RecordStats, ReplayRequest, ReplaySlice } from './protocol.js';
import type { EncodedFrame } from './record-encoder.js';
import { replaySlice } from './replay.js';
import type { Segment } from './segment.js';
import { SegmentReader } from './segment-reader.js';
import { SegmentWriter } from './segment-writer.js';
import { Segments } from './segments.js';
import { openFailure, runFailure, StoreError } from './store-failure.js';
import type { StreamEntry } from './streams.js';

/** Bytes a row may take on disk before it is compressed, beyond its record; for the check of free space. */
const ROW_OVERHEAD = 32;

/** The store inside the worker thread: everything that changes it happens one after the other. */
export class DuckdbEngine {
  readonly #options: DuckdbOptions;
  readonly #segments: Segments;
  readonly #reader: SegmentReader;
  #writer: SegmentWriter | null = null;
  #connection: DuckDBConnection | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #state: StoreStats['state'] = 'ok';
  #message: string | null = null;
  #pendingWorkloads = new Map<number, Workload>();

  constructor(options: DuckdbOptions) {
    this.#options = options;
    this.#segments = new Segments(options);
    this.#reader = new SegmentReader(this.#segments);
  }

  open(): Promise<Operations['open']['answer']> {
    return this.#exclusive(async () => {
      try {
        await this.#attach();
      } catch (thrown) {
        throw thrown instanceof StoreError ? thrown : openFailure(this.#options.directory, thrown);
      }
      return { workloads: this.workloads(), positions: this.positions() };
    });
  }

  close(): Promise<null> {
    return this.#exclusive(async () => {
      if (this.#connection !== null) {
        this.#writer?.release();
        await this.#connection.run(`CHECKPOINT ${this.#segments.active.alias}`).catch(() => {});
        this.#connection.closeSync();
      }
      this.#connection = null;
      this.#segments.close();
      return null;
    });
  }

  append({ frames, workloads }: Operations['append']['argument']): Promise<('stored' | 'duplicate')[]> {
    return this.#exclusive(async () => {
      for (const workload of workloads) this.#pendingWorkloads.set(workload.id, workload);
      const doing = `cannot store ${frames.length} frames`;
      try {
        this.#refuseWithoutRoom(frames);
        const connection = await this.#ready();
        await this.#rotate(connection);
        const outcomes = await this.#commit(frames);
        this.#recover();
        return outcomes;
      } catch (thrown) {
        const failure = runFailure(doing, thrown);
        this.#fail(failure);
        throw failure;
      }
    });
  }

  connections(query: ConnectionsQuery): Promise<Connections> {
    return this.#reading(() => listConnections(this.#reader, query, this.#names));
  }

  connection(id: string): Promise<ConnectionDetail | null> {
    return this.#reading(() => findConnection(this.#reader, id, this.#names));
  }

  latencyConnections(query: LatencyConnectionsQuery): Promise<LatencyConnections> {
    return this.#reading(() => latencyConnections(this.#reader, query, this.workloads()));
  }

  replay(request: ReplayRequest): Promise<ReplaySlice> {
    return this.#reading(() => replaySlice(this.#segments, this.#reader, request));
  }

  positions(): StreamPosition[] {
    return this.#segments.streams.all().map(({ node, streamId, sequence, stored, requests }) => ({
      node,
      streamId,
      sequence,
      stored,
      requests,
    }));
  }

  workloads(): Workload[] {
    return [...this.#segments.workloads.values()];
  }

  stats(): RecordStats {
    const { times, bytes, oldestNs } = this.#segments;
    return {
      driver: 'duckdb',
      state: this.#state,
      message: this.#message,
      rows: times.ends.total,
      httpRows: times.http.total,
      lastFrame: this.#segments.lastBatch,
      bytes,
      oldestMs: oldestNs === null ? null : Number(oldestNs / 1_000_000n),
      retentionSeconds: this.#options.retentionSeconds,
    };
  }

  /** Retention, and a look whether a full disk has room again. Called every `maintenanceMs`. */
  maintain(): Promise<void> {
    return this.#exclusive(async () => {
      if (this.#state === 'full' && this.#freeBytes() > this.#options.reserveBytes) {
        await this.#ready().then(
          () => this.#recover(),
          () => {},
        );
      }
      const connection = this.#connection;
      if (connection === null || this.#state !== 'ok') return;
      this.#segments.active.measure();
      await this.#rotate(connection).catch(() => {});
      await this.#expire(connection).catch(() => {});
    });
  }

  readonly #names = (id: number): Workload | undefined => this.#segments.workloads.get(id);

  #exclusive<T>(task: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(task, task);
    this.#turn = next.catch(() => {});
    return next;
  }

  async #reading<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (thrown) {
      if (thrown instanceof Error && 'code' in thrown && 'status' in thrown) throw thrown;
      throw runFailure('cannot read connections', thrown);
    }
  }

  async #attach(): Promise<void> {
    try {
      this.#connection = await this.#segments.open();
    } catch (thrown) {
      this.#segments.close();
      throw thrown;
    }
    this.#writer = new SegmentWriter(this.#connection);
  }

  /** The writing connection; after a failure that DuckDB does not survive the files are opened anew. */
  async #ready(): Promise<DuckDBConnection> {
    if (this.#connection === null) await this.#attach();
    if (this.#connection === null) throw new StoreError('store_unavailable', 'the store is not open');
    return this.#connection;
  }

  #refuseWithoutRoom(frames: readonly FrameMessage[]): void {
    const bytes = frames.reduce(
      (sum, { count, recordBytes }) => sum + count * (recordBytes + ROW_OVERHEAD),
      0,
    );
    const free = this.#freeBytes();
    const needed = this.#options.reserveBytes + bytes;
    if (free >= needed) return;
    throw new StoreError(
      'store_full',
      `the disk of ${this.#options.directory} has ${Math.floor(free / 1048576)} MiB left, ${Math.ceil(needed / 1048576)} MiB are needed: ` +
        'free space or lower the byte cap; it goes on by itself',
    );
  }

  #freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.#options.directory);
    return bavail * bsize;
  }

  /** Commits what is not yet stored. Later frames of a stream may not overtake an earlier one: order is kept. */
  async #commit(frames: readonly FrameMessage[]): Promise<('stored' | 'duplicate')[]> {
    const { streams, active } = this.#segments;
    const changed = new Map<string, StreamEntry>();
    const encoded: EncodedFrame[] = [];
    let lastBatch = this.#segments.lastBatch;
    let added = 0;
    const outcomes = frames.map((frame): 'stored' | 'duplicate' => {
      const known = changed.get(frame.streamId) ?? streams.byId(frame.streamId);
      if (known !== undefined && frame.sequence <= known.sequence) return 'duplicate';
      const stream = known?.stream ?? streams.size + ++added;
      const records = new Uint8Array(frame.bytes);
      const { count, recordBytes } = frame;
      changed.set(frame.streamId, {
        stream,
        streamId: frame.streamId,
        node: frame.node,
        cluster: frame.cluster,
        sequence: frame.sequence,
        stored: (known?.stored ?? 0) + endsOf({ count, records }),
        requests: (known?.requests ?? 0) + requestsOf({ count, records, recordBytes }),
        isNew: known?.isNew ?? true,
      });
      if (frame.count > 0) encoded.push(encodedFrame(frame, stream, ++lastBatch));
      return 'stored';
    });
    const workloads = [...this.#pendingWorkloads.values()];
    if (changed.size === 0 && workloads.length === 0) return outcomes;
    if (this.#writer === null) throw new StoreError('store_unavailable', 'the store is not open');
    const times = await this.#writer.commit(active, {
      frames: encoded,
      streams: [...changed.values()],
      workloads,
      lastBatch,
    });
    for (const stream of changed.values()) streams.put(stream);
    for (const workload of workloads) this.#segments.workloads.set(workload.id, workload);
    this.#pendingWorkloads.clear();
    this.#segments.lastBatch = lastBatch;
    this.#segments.times.addAll(times);
    return outcomes;
  }

  async #rotate(connection: DuckDBConnection): Promise<void> {
    const { active } = this.#segments;
    const old = Date.now() - active.createdMs > this.#options.segmentSeconds * 1000;
    if (active.times.oldest === null || (!old && active.bytes < this.#options.segmentBytes)) return;
    this.#writer?.release();
    await this.#segments.add(connection);
    await connection.run(`CHECKPOINT ${active.alias}`).catch(() => {});
    active.measure();
    await this.#expire(connection);
  }

  /** Drops whole segments: those whose last row is older than the retention, then the oldest until the cap is met. */
  async #expire(connection: DuckDBConnection): Promise<void> {
    const limit = Date.now() / 1000 - this.#options.retentionSeconds;
    const isOld = ({ times }: Segment): boolean => (times.newest ?? 0) < limit;
    for (const segment of [...this.#segments.list]) {
      const over = this.#segments.bytes > this.#options.maxBytes;
      if (!over && !isOld(segment)) continue;
      if (!(await this.#segments.drop(connection, segment))) return;
    }
  }

  #fail(failure: StoreError): void {
    this.#state = failure.code === 'store_full' ? 'full' : 'failed';
    this.#message = failure.message;
    const refusedBeforehand = failure.cause === undefined;
    if (refusedBeforehand) return;
    try {
      this.#writer?.release();
      this.#connection?.closeSync();
      this.#segments.close();
    } catch (thrown) {
      this.#message = `${failure.message} (and closing failed: ${messageOf(thrown)})`;
    }
    this.#connection = null;
    this.#writer = null;
  }

  #recover(): void {
    this.#state = 'ok';
    this.#message = null;
  }
}
