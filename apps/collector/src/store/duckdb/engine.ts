// SPDX-License-Identifier: Apache-2.0
import type { DuckDBConnection } from '@duckdb/node-api';
import { messageOf } from '@undermesh/core';
import type {
  ConnectionDetail,
  Connections,
  ConnectionsQuery,
  LatencyConnections,
  LatencyConnectionsQuery,
} from '@undermesh/schema';
import { findConnection, isPage, listConnections } from '../connection-list.js';
import { latencyConnections } from '../latency-region.js';
import type { StoreStats, StreamPosition, Workload } from '../store.js';
import type { RequestsOf, StoredRequest } from '../stored-request.js';
import { arrivalOf, arrivalsOf } from './arrivals.js';
import { hasRoom, refuseWithoutRoom } from './disk-room.js';
import { filedWithin } from './filed-within.js';
import { encodedFrame } from './frame-layout.js';
import { Journal, type JournalPlace } from './journal.js';
import type { JournalHead } from './journal-entry.js';
import type { DuckdbOptions } from './options.js';
import type { FrameMessage, Operations, RecordStats, ReplayRequest, ReplaySlice } from './protocol.js';
import { ENDS, REQUEST_TABLES } from './record-columns.js';
import { replaySlice } from './replay.js';
import type { Segment } from './segment.js';
import { SegmentReader } from './segment-reader.js';
import { ROW_GROUP_ROWS } from './segment-rows.js';
import { SegmentWriter } from './segment-writer.js';
import { Segments } from './segments.js';
import { openFailure, runFailure, StoreError } from './store-failure.js';
import type { StreamEntry } from './streams.js';
import { Turns } from './turns.js';
import { Unfiled, type UnfiledFrame } from './unfiled.js';

/** Whole row groups are filed once there are so many rows. Fewer at a time would leave more beside whole groups. */
const FILED_ROWS = 4 * ROW_GROUP_ROWS;
/** Rows that may wait when filing fails; then nothing more is taken. */
const MOST_UNFILED_ROWS = 32 * ROW_GROUP_ROWS;
/** What has waited for so long is filed, however little it is: retention goes by what is filed. */
const FILED_AFTER_MS = 300_000;
/** Pause after filing failed: to open the segments anew takes a while. */
const RETRY_MS = 5_000;
/** How long whoever asks waits for what came before to be filed; then the answer is without it. */
const ASKED_MS = 1_000;
/** How long an export waits for the same: nobody would see that something is missing from it. */
const EXPORT_MS = 60_000;

/**
 * The store inside the worker thread. What comes is made durable in the journal, and filed as rows of DuckDB later: in
 * whole row groups, which cost a fifth of rows that come by way of DuckDB's log, or when somebody asks for them. What
 * changes the journal happens one after the other, and so does what changes the segments.
 */
export class DuckdbEngine {
  readonly #options: DuckdbOptions;
  readonly #segments: Segments;
  readonly #reader: SegmentReader;
  #writer: SegmentWriter | null = null;
  #connection: DuckDBConnection | null = null;
  readonly #journal: Journal;
  readonly #unfiled = new Unfiled();
  readonly #segmentTurns = new Turns();
  readonly #journalTurns = new Turns();
  #state: StoreStats['state'] = 'ok';
  #message: string | null = null;
  #memoryBytes: number | null = null;
  /** Streams that the segment knows: those of the journal follow. */
  #filedStreams = 0;
  #isFiling = false;
  /** When filing failed last, Unix ms; 0: it did not. */
  #filingFailedAt = 0;

  constructor(options: DuckdbOptions) {
    this.#options = options;
    this.#segments = new Segments(options);
    this.#journal = new Journal(options.directory);
    // What has waited for longer than whoever asks does was not filed in time for them.
    this.#reader = new SegmentReader(this.#segments, () =>
      this.#unfiled.ageMs(Date.now()) < ASKED_MS ? null : this.#unfiled.oldestNs,
    );
  }

  open(): Promise<Operations['open']['answer']> {
    return this.#segmentTurns.take(async () => {
      try {
        await this.#attach();
        this.#journal.restore((head, place, body) => this.#restore(head, place, body));
      } catch (thrown) {
        this.#detach();
        throw thrown instanceof StoreError ? thrown : openFailure(this.#options.directory, thrown);
      }
      return { workloads: this.workloads(), positions: this.positions() };
    });
  }

  async close(): Promise<null> {
    await this.#file().catch(() => {});
    await this.#journalTurns.take(() => this.#journal.close());
    return this.#segmentTurns.take(async () => {
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

  /** Makes frames durable. Later frames of a stream may not overtake an earlier one: order is kept. */
  async append({ frames, workloads }: Operations['append']['argument']): Promise<('stored' | 'duplicate')[]> {
    try {
      if (this.#unfiled.mostRows > MOST_UNFILED_ROWS) await this.#file();
      if (this.#connection === null) await this.#segmentTurns.take(() => this.#ready());
      const outcomes = await this.#journalTurns.take(() => this.#write(frames, workloads));
      if (this.#filingFailedAt === 0) this.#recover();
      this.#fileWhenDue();
      return outcomes;
    } catch (thrown) {
      throw this.#fail(runFailure(`cannot store ${frames.length} frames`, thrown));
    }
  }

  /** A page is there soon, if need be without what came last; an export has it all, or fails. */
  connections(query: ConnectionsQuery): Promise<Connections> {
    return this.#reading(() => listConnections(this.#reader, query, this.#names), !isPage(query));
  }

  connection(id: string): Promise<ConnectionDetail | null> {
    return this.#reading(() => findConnection(this.#reader, id, this.#names));
  }

  requests(of: RequestsOf): Promise<StoredRequest[]> {
    return this.#reading(() => this.#reader.requests(of));
  }

  latencyConnections(query: LatencyConnectionsQuery): Promise<LatencyConnections> {
    return this.#reading(() => latencyConnections(this.#reader, query, this.workloads()));
  }

  replay(request: ReplayRequest): Promise<ReplaySlice> {
    return this.#file().then(() => replaySlice(this.#segments, this.#reader, request));
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
    const { times, bytes } = this.#segments;
    const oldest = [times.oldest, this.#unfiled.oldest].filter((second) => second !== null);
    return {
      driver: 'duckdb',
      state: this.#state,
      message: this.#message,
      rows: times.ends.total + this.#unfiled.rows(ENDS),
      httpRows: REQUEST_TABLES.reduce(
        (rows, table) => rows + times.of(table).total + this.#unfiled.rows(table),
        0,
      ),
      lastFrame: this.#segments.lastBatch,
      bytes: bytes + this.#journal.bytes,
      memoryBytes: this.#memoryBytes,
      oldestMs: oldest.length === 0 ? null : Math.min(...oldest) * 1_000,
      retentionSeconds: this.#options.retentionSeconds,
    };
  }

  /** Retention, and a look whether a full disk has room again. Called every `maintenanceMs`. */
  async maintain(): Promise<void> {
    await this.#segmentTurns.take(async () => {
      if (this.#state === 'full' && hasRoom(this.#options)) {
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
      this.#memoryBytes = await memoryOf(connection).catch(() => null);
    });
    this.#fileWhenDue();
  }

  readonly #names = (id: number): Workload | undefined => this.#segments.workloads.get(id);

  async #reading<T>(task: () => Promise<T>, all = false): Promise<T> {
    try {
      await this.#caughtUp(all);
      return await task();
    } catch (thrown) {
      if (thrown instanceof Error && 'code' in thrown && 'status' in thrown) throw thrown;
      throw runFailure('cannot read connections', thrown);
    }
  }

  /** Resolves when what is in the journal is filed. Unless `all` of it is needed, also when it could not be, or after {@link ASKED_MS}. */
  async #caughtUp(all: boolean): Promise<void> {
    if (this.#unfiled.isEmpty) return;
    const filed = filedWithin(all ? EXPORT_MS : ASKED_MS, this.#file());
    await (all ? filed : filed.catch(() => {}));
  }

  async #attach(): Promise<void> {
    try {
      this.#connection = await this.#segments.open();
    } catch (thrown) {
      this.#segments.close();
      throw thrown;
    }
    this.#writer = new SegmentWriter(this.#connection);
    this.#filedStreams = this.#segments.streams.size;
    this.#note(this.#unfiled.frames, this.#unfiled.workloads);
  }

  /** Gives DuckDB up; what is in the journal stays. */
  #detach(): void {
    try {
      this.#writer?.release();
      this.#connection?.closeSync();
      this.#segments.close();
    } catch (thrown) {
      this.#message = `${this.#message} (and closing failed: ${messageOf(thrown)})`;
    }
    this.#connection = null;
    this.#writer = null;
  }

  /** Takes up an entry of the journal, unless it was filed before the journal was given up. */
  #restore(head: JournalHead, place: JournalPlace, body: Uint8Array): void {
    if ('workloads' in head) {
      this.#note([], head.workloads);
      this.#unfiled.add([], head.workloads);
      return;
    }
    const known = this.#segments.streams.byId(head.frame.streamId);
    if (known !== undefined && head.frame.sequence <= known.sequence) return;
    const frame = { ...arrivalOf(head.frame, body, known), place };
    this.#note([frame], []);
    this.#unfiled.add([frame], []);
  }

  /** Has positions and names be known that only the journal holds. */
  #note(frames: readonly Pick<UnfiledFrame, 'frame' | 'position'>[], workloads: readonly Workload[]): void {
    const segments = this.#segments;
    for (const { frame, position } of frames) {
      segments.streams.put(position);
      segments.lastBatch = Math.max(segments.lastBatch, frame.batch);
    }
    for (const workload of workloads) segments.workloads.set(workload.id, workload);
  }

  /** The writing connection; after a failure that DuckDB does not survive the files are opened anew. */
  async #ready(): Promise<DuckDBConnection> {
    if (this.#connection === null) await this.#attach();
    if (this.#connection === null) throw new StoreError('store_unavailable', 'the store is not open');
    return this.#connection;
  }

  async #write(
    frames: readonly FrameMessage[],
    workloads: readonly Workload[],
  ): Promise<('stored' | 'duplicate')[]> {
    refuseWithoutRoom(this.#options, frames);
    const { outcomes, fresh, writes } = arrivalsOf(frames, this.#segments);
    const names = workloads.length === 0 ? [] : [{ head: { workloads }, body: new Uint8Array(0) }];
    if (writes.length + names.length === 0) return outcomes;
    const places = await this.#journal.append([...names, ...writes]);
    const written = places.slice(names.length).flatMap((place, at): UnfiledFrame[] => {
      const arrival = fresh[at];
      return arrival === undefined ? [] : [{ ...arrival, place }];
    });
    this.#note(written, workloads);
    this.#unfiled.add(written, workloads);
    return outcomes;
  }

  #fileWhenDue(): void {
    const { segmentBytes, segmentSeconds } = this.#options;
    const patienceMs = Math.min(FILED_AFTER_MS, segmentSeconds * 1_000);
    const isMuch = this.#unfiled.mostRows >= FILED_ROWS;
    const isDue = this.#journal.bytes >= segmentBytes || this.#unfiled.ageMs(Date.now()) >= patienceMs;
    if (this.#isFiling || this.#unfiled.isEmpty || !(isMuch || isDue)) return;
    if (Date.now() - this.#filingFailedAt < RETRY_MS) return;
    this.#isFiling = true;
    void this.#file(isDue ? undefined : this.#unfiled.wholeGroups())
      .catch(() => {})
      .finally(() => {
        this.#isFiling = false;
      });
  }

  /** Makes rows of the oldest frames in the journal, of all that are there without a number. */
  #file(most?: number): Promise<void> {
    return this.#segmentTurns.take(async () => {
      if (this.#unfiled.isEmpty) return;
      try {
        const connection = await this.#ready();
        await this.#rotate(connection);
        // From now on nothing is added to the files that hold what is filed here.
        const next = await this.#journalTurns.take(() => this.#journal.turn());
        const frames = this.#unfiled.frames.slice(0, most);
        const { workloads } = this.#unfiled;
        await this.#fileFrames(frames, workloads);
        this.#unfiled.filed(frames.length, workloads);
        this.#journal.release(Math.min(next, this.#unfiled.frames[0]?.place.file ?? next));
        if (this.#filingFailedAt !== 0) this.#recover();
        this.#filingFailedAt = 0;
      } catch (thrown) {
        this.#filingFailedAt = Date.now();
        const failure = this.#fail(runFailure('cannot file what is in the journal', thrown));
        this.#detach();
        throw failure;
      }
    });
  }

  async #fileFrames(frames: readonly UnfiledFrame[], workloads: readonly Workload[]): Promise<void> {
    if (this.#writer === null) throw new StoreError('store_unavailable', 'the store is not open');
    const streams = new Map<number, StreamEntry>();
    for (const { position } of frames)
      streams.set(position.stream, { ...position, isNew: position.stream > this.#filedStreams });
    const largest = frames.reduce((bytes, { place }) => Math.max(bytes, place.span.bytes), 0);
    const memory = Buffer.from(new ArrayBuffer(largest));
    const waiting = frames
      .filter(({ frame }) => frame.count > 0)
      .map(({ frame, place, table }) => ({
        table,
        count: frame.count,
        read: () => encodedFrame(frame, this.#journal.read(place, memory)),
      }));
    const times = await this.#writer.commit(this.#segments.active, {
      frames: waiting,
      streams: [...streams.values()],
      workloads,
      lastBatch: frames.at(-1)?.frame.batch ?? null,
    });
    this.#segments.times.addAll(times);
    this.#filedStreams = Math.max(this.#filedStreams, ...streams.keys());
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
      const over = this.#segments.bytes + this.#journal.bytes > this.#options.maxBytes;
      if (!over && !isOld(segment)) continue;
      if (!(await this.#segments.drop(connection, segment))) return;
    }
  }

  #fail(failure: StoreError): StoreError {
    this.#state = failure.code === 'store_full' ? 'full' : 'failed';
    this.#message = failure.message;
    return failure;
  }

  #recover(): void {
    this.#state = 'ok';
    this.#message = null;
  }
}

async function memoryOf(connection: DuckDBConnection): Promise<number> {
  const found = await connection.runAndReadAll(
    'SELECT CAST(sum(memory_usage_bytes) AS DOUBLE) FROM duckdb_memory()',
  );
  return Number(found.getRows()[0]?.[0]);
}
