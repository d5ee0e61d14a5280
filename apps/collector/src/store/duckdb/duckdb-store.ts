// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { UndermeshError } from '@undermesh/core';
import type {
  ConnectionDetail,
  Connections,
  ConnectionsQuery,
  LatencyConnections,
  LatencyConnectionsQuery,
} from '@undermesh/schema';
import { BufferPool } from '../../buffer-pool.js';
import { CollectorError } from '../../errors.js';
import type {
  RecordBatch,
  RecordStore,
  ReplayFrom,
  RollupChange,
  StoredRollup,
  StoreStats,
  StreamPosition,
  Workload,
} from '../store.js';
import type { RequestsOf, StoredRequest } from '../stored-request.js';
import { packFrame, unpackFrame } from './frame-layout.js';
import { type DuckdbOptions, duckdbOptions } from './options.js';
import { OrderGuard } from './order-guard.js';
import type {
  FrameMessage,
  OperationName,
  Operations,
  RecordStats,
  ReplaySlice,
  WorkerAnswer,
} from './protocol.js';
import { RollupFiles } from './rollup-files.js';
import { StoreError, type StoreErrorCode } from './store-failure.js';

/** From so many waiting rows on, they wait for this share of the time only. */
const BUSY_ROWS = 4_096;
const BUSY_LINGER_SHARE = 0.1;
/** So many rows wait for nothing. */
const MUCH_ROWS = 16_384;

/** A read waits this long at most for what came before it; then it answers without the rest. */
const READ_WAIT_MS = 500;

/** Rows that are made durable at once at most. */
const MOST_ROWS = 131_072;

interface PendingFrame {
  readonly frame: FrameMessage;
  readonly resolve: (outcome: 'stored' | 'duplicate') => void;
  readonly reject: (failure: unknown) => void;
}

interface Reader {
  /** Frames that came before it. */
  readonly frames: number;
  readonly resolve: () => void;
}

interface PendingCall {
  readonly resolve: (answer: never) => void;
  readonly reject: (failure: unknown) => void;
}

/** The embedded store: DuckDB in a worker thread, so that neither commits nor queries hold up this one. */
export class DuckdbStore implements RecordStore {
  readonly #options: DuckdbOptions;
  readonly #calls = new Map<number, PendingCall>();
  readonly #order = new OrderGuard();
  /** Memory of frames, which the worker sends back. */
  readonly #buffers = new BufferPool();
  #worker: Worker | null = null;
  #nextCall = 1;
  readonly #rollups: RollupFiles;
  #stats: RecordStats;
  #queue: PendingFrame[] = [];
  #queuedRows = 0;
  #workloads: Workload[] = [];
  #committing = false;
  #framesAdmitted = 0;
  #framesAnswered = 0;
  #readers: Reader[] = [];
  #committedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: Pick<DuckdbOptions, 'directory'> & Partial<DuckdbOptions>) {
    this.#options = duckdbOptions(options);
    this.#rollups = new RollupFiles(join(this.#options.directory, 'rollups'));
    this.#stats = {
      driver: 'duckdb',
      state: 'ok',
      message: null,
      rows: 0,
      httpRows: 0,
      lastFrame: 0,
      bytes: null,
      memoryBytes: null,
      oldestMs: null,
      retentionSeconds: this.#options.retentionSeconds,
    };
  }

  async open(): Promise<void> {
    const worker = new Worker(workerFile());
    this.#worker = worker;
    worker.on('message', (answer: WorkerAnswer) => this.#receive(answer));
    worker.on('error', (thrown) => this.#lose(thrown));
    worker.on('exit', (code) => this.#lose(new Error(`the store's thread ended with code ${code}`)));
    try {
      await this.#call('open', this.#options);
      await this.#rollups.open();
    } catch (thrown) {
      await this.#stop();
      throw thrown;
    }
  }

  async close(): Promise<void> {
    if (this.#worker === null) return;
    while (this.#queue.length > 0 || this.#committing) {
      this.#commit();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    if (this.#workloads.length > 0) {
      await this.#call('append', { frames: [], workloads: this.#workloads.splice(0) }).catch(() => {});
    }
    await this.#call('close', null).catch(() => {});
    await this.#stop();
  }

  append(batch: RecordBatch): Promise<'stored' | 'duplicate'> {
    return new Promise((resolve, reject) => {
      if (this.#worker === null) {
        reject(new StoreError('store_unavailable', 'the store is not open'));
        return;
      }
      const now = performance.now();
      if (!this.#order.admit(batch.streamId, batch.sequence, now)) {
        this.#order.refuse(batch.streamId, batch.sequence, now);
        const message = 'an earlier frame of the stream was refused and must be appended first';
        reject(new StoreError('store_unavailable', message));
        return;
      }
      this.#queue.push({ frame: packFrame(batch, this.#buffers), resolve, reject });
      this.#queuedRows += batch.count;
      this.#framesAdmitted++;
      this.#schedule();
    });
  }

  putWorkloads(workloads: readonly Workload[]): void {
    this.#workloads.push(...workloads.map((workload) => ({ ...workload })));
  }

  workloads(): Promise<Workload[]> {
    return this.#call('workloads', null);
  }

  positions(): Promise<StreamPosition[]> {
    return this.#call('positions', null);
  }

  async connections(query: ConnectionsQuery): Promise<Connections> {
    await this.#caughtUp();
    return this.#call('connections', query);
  }

  async connection(id: string): Promise<ConnectionDetail | null> {
    await this.#caughtUp();
    return this.#call('connection', id);
  }

  async requests(of: RequestsOf): Promise<StoredRequest[]> {
    await this.#caughtUp();
    return this.#call('requests', of);
  }

  async latencyConnections(query: LatencyConnectionsQuery): Promise<LatencyConnections> {
    await this.#caughtUp();
    return this.#call('latencyConnections', query);
  }

  async replay(
    { sinceMs = 0, afterFrame = 0 }: ReplayFrom,
    onBatch: (batch: RecordBatch) => void,
  ): Promise<void> {
    const sinceNs = BigInt(Math.floor(sinceMs)) * 1_000_000n;
    let fromSecond: number | null = null;
    do {
      const slice: ReplaySlice = await this.#call('replay', { sinceNs, afterFrame, fromSecond });
      for (const frame of slice.frames) onBatch(unpackFrame(frame));
      fromSecond = slice.nextSecond;
    } while (fromSecond !== null);
  }

  async putRollups(change: RollupChange): Promise<void> {
    // Roll-ups name workloads by number: these must be durable first.
    await this.#call('append', { frames: [], workloads: this.#workloads.splice(0) });
    await this.#rollups.put(change);
  }

  rollups(onRollup: (rollup: StoredRollup) => void): Promise<Uint8Array | null> {
    return this.#rollups.read(onRollup);
  }

  stats(): StoreStats {
    return { ...this.#stats, rollups: this.#rollups.stats };
  }

  /**
   * Makes durable at once when nothing was lately or much waits; otherwise after `lingerMs`, so that frames share a sync:
   * one costs the same for ten rows as for a thousand. What a reader waits for is not kept waiting so long. While one
   * runs, the next one gathers.
   */
  #schedule(): void {
    const first = this.#queue[0];
    if (this.#committing || first === undefined) return;
    const hurried = this.#queuedRows >= BUSY_ROWS || this.#readers.length > 0;
    const share = hurried ? BUSY_LINGER_SHARE : 1;
    const due = Math.max(this.#committedAt + this.#options.lingerMs * share, 0);
    const wait = this.#queuedRows >= MUCH_ROWS ? 0 : due - performance.now();
    clearTimeout(this.#timer);
    if (wait <= 0) this.#commit();
    else this.#timer = setTimeout(() => this.#commit(), wait);
  }

  /**
   * Resolves when all that was appended before is committed, or refused, or after {@link READ_WAIT_MS}; at once when so
   * much waits that commits follow each other anyway, and a reader would only wait for the backlog.
   */
  #caughtUp(): Promise<void> {
    const isCurrent = this.#framesAnswered === this.#framesAdmitted;
    if (isCurrent || this.#queuedRows >= BUSY_ROWS || this.#worker === null) return Promise.resolve();
    return new Promise((resolve) => {
      const reader: Reader = {
        frames: this.#framesAdmitted,
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#readers = this.#readers.filter((one) => one !== reader);
        resolve();
      }, READ_WAIT_MS);
      this.#readers.push(reader);
      this.#schedule();
    });
  }

  /** Lets those readers go on whose frames have been answered. */
  #answered(frames: number): void {
    this.#framesAnswered += frames;
    const done = this.#readers.filter((reader) => reader.frames <= this.#framesAnswered);
    this.#readers = this.#readers.filter((reader) => reader.frames > this.#framesAnswered);
    for (const { resolve } of done) resolve();
  }

  #commit(): void {
    if (this.#committing || this.#queue.length === 0) return;
    clearTimeout(this.#timer);
    let rows = 0;
    let frames = 0;
    // Frames without ends go with those before them: their positions cost nothing, and their agents wait for them.
    for (const { frame } of this.#queue) {
      if (frames > 0 && frame.count > 0 && rows >= MOST_ROWS) break;
      rows += frame.count;
      frames++;
    }
    const group = this.#queue.splice(0, frames);
    this.#queuedRows -= rows;
    this.#committing = true;
    const argument = { frames: group.map(({ frame }) => frame), workloads: this.#workloads.splice(0) };
    const transfer = argument.frames.map(({ bytes }) => bytes);
    this.#call('append', argument, transfer)
      .then(
        (outcomes) => {
          group.forEach(({ resolve }, at) => {
            resolve(outcomes[at] ?? 'stored');
          });
          this.#answered(group.length);
        },
        (failure: unknown) => {
          // Whatever waits is refused too: nothing may overtake an earlier frame of its stream.
          const now = performance.now();
          const refused = [...group, ...this.#queue.splice(0)];
          for (const { frame, reject } of refused) {
            this.#order.refuse(frame.streamId, frame.sequence, now);
            reject(failure);
          }
          this.#queuedRows = 0;
          this.#answered(refused.length);
        },
      )
      .finally(() => {
        this.#committing = false;
        this.#committedAt = performance.now();
        this.#schedule();
      });
  }

  #call<Name extends OperationName>(
    name: Name,
    argument: Operations[Name]['argument'],
    transfer: ArrayBuffer[] = [],
  ): Promise<Operations[Name]['answer']> {
    return new Promise((resolve, reject) => {
      if (this.#worker === null) {
        reject(new StoreError('store_unavailable', 'the store is not open'));
        return;
      }
      const id = this.#nextCall++;
      this.#calls.set(id, { resolve: resolve as PendingCall['resolve'], reject });
      this.#worker.postMessage({ id, name, argument }, transfer);
    });
  }

  #receive(message: WorkerAnswer): void {
    this.#stats = message.stats ?? this.#stats;
    if (message.id === null) return;
    for (const buffer of message.buffers ?? []) this.#buffers.give(buffer);
    const call = this.#calls.get(message.id);
    this.#calls.delete(message.id);
    if ('failure' in message) call?.reject(failureOf(message.failure));
    else call?.resolve(message.answer as never);
  }

  #lose(thrown: Error): void {
    this.#worker = null;
    const failure = new StoreError(
      'store_unavailable',
      `the store stopped: ${thrown.message}. Restart the collector.`,
      thrown,
    );
    this.#stats = { ...this.#stats, state: 'failed', message: failure.message };
    for (const { reject } of this.#calls.values()) reject(failure);
    this.#calls.clear();
    const refused = this.#queue.splice(0);
    for (const { reject } of refused) reject(failure);
    this.#answered(refused.length);
  }

  async #stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    clearTimeout(this.#timer);
    worker?.removeAllListeners();
    await worker?.terminate();
  }
}

function failureOf({
  code,
  message,
  status,
}: {
  code: string;
  message: string;
  status: number;
}): UndermeshError {
  if (code === 'store_full' || code === 'store_unavailable' || code === 'store_corrupt') {
    return new StoreError(code satisfies StoreErrorCode, message);
  }
  if (code === 'request_invalid' || code === 'cursor_invalid') return new CollectorError(code, message);
  return new UndermeshError({ code, message, status });
}

/** The compiled worker, also when this file runs from its TypeScript source in a test. */
function workerFile(): URL {
  const fromSource = import.meta.url.endsWith('.ts');
  return new URL(fromSource ? '../../../dist/store/duckdb/worker.js' : './worker.js', import.meta.url);
}
