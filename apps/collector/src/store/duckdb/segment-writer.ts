// SPDX-License-Identifier: Apache-2.0
import { setImmediate as othersTurn } from 'node:timers/promises';
import {
  ARRAY,
  BIGINT,
  BOOLEAN,
  type DuckDBConnection,
  DuckDBDataChunk,
  LIST,
  listValue,
  UBIGINT,
  UINTEGER,
  USMALLINT,
  UTINYINT,
  VARCHAR,
} from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { HttpLimit } from '@undermesh/bpf-abi';
import type { Workload } from '../store.js';
import { RECORD_TABLES, type RecordTable } from './record-columns.js';
import { valuesOf } from './record-decoder.js';
import { CHUNK_ROWS, type EncodedFrame, RecordEncoder } from './record-encoder.js';
import { RowTimes } from './row-times.js';
import type { Segment } from './segment.js';
import { ROW_GROUP_ROWS } from './segment-rows.js';
import type { StreamEntry } from './streams.js';
import type { TimeIndex } from './time-index.js';

/** Frames whose rows are made at one go: others of this thread, who make frames durable, wait no longer than that. */
const FRAMES_PER_TURN = 8;

const TYPES = {
  BIGINT,
  UBIGINT,
  UINTEGER,
  USMALLINT,
  UTINYINT,
  'UINTEGER[48]': ARRAY(UINTEGER, HttpLimit.LONG_SAMPLES),
} as const;

/** A frame whose records are read when its rows are made. */
export interface WaitingFrame {
  readonly table: RecordTable;
  readonly count: number;
  /** Memory that is good until the next frame is read. */
  read(): EncodedFrame;
}

/** What one transaction makes rows of. */
export interface Group {
  readonly frames: readonly WaitingFrame[];
  /** Streams that the frames belong to, with their new positions. */
  readonly streams: readonly StreamEntry[];
  readonly workloads: readonly Workload[];
  /** Ordinal of the last frame; `null`: as before. */
  readonly lastBatch: number | null;
}

/** Buffers of one table, used again and again. */
interface Pipe {
  readonly table: RecordTable;
  readonly encoder: RecordEncoder;
  readonly chunk: DuckDBDataChunk;
  readonly vectors: readonly duckdb.Vector[];
}

function pipeOf(table: RecordTable): Pipe {
  const chunk = DuckDBDataChunk.create(table.columns.map(({ type }) => TYPES[type]));
  const vectors = table.columns.map(({ elements }, at) =>
    valuesOf(duckdb.data_chunk_get_vector(chunk.chunk, at), elements),
  );
  return { table, encoder: new RecordEncoder(table), chunk, vectors };
}

/** Writes into one segment. One group at a time. */
export class SegmentWriter {
  readonly #pipes = RECORD_TABLES.map(pipeOf);
  readonly #connection: DuckDBConnection;
  readonly #raw: duckdb.Connection;
  readonly #appenders = new Map<string, duckdb.Appender>();
  #segment: Segment | null = null;

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
    this.#raw = rawConnection(connection);
  }

  /** Resolves with the rows by second once the group is on disk. On a failure nothing of it is stored. */
  async commit(segment: Segment, group: Group): Promise<RowTimes> {
    const times = new RowTimes();
    await this.#connection.run('BEGIN');
    try {
      if (group.workloads.length > 0) await this.#putWorkloads(segment, group.workloads);
      for (const pipe of this.#pipes) {
        const frames = group.frames.filter(({ table }) => table === pipe.table);
        if (frames.length > 0) await this.#appendRows(segment, { pipe, frames, times: times.of(pipe.table) });
      }
      for (const appender of this.#appenders.values()) duckdb.appender_flush_sync(appender);
      await this.#putStreams(segment, group);
      await this.#connection.run('COMMIT');
      segment.syncNames();
    } catch (thrown) {
      for (const { encoder } of this.#pipes) encoder.filled = 0;
      this.#forget();
      await this.#connection.run('ROLLBACK').catch(() => {});
      throw thrown;
    }
    segment.times.addAll(times);
    segment.measure();
    return times;
  }

  /** Gives up what holds the segment: call before it is followed by another one or detached. */
  release(): void {
    this.#forget();
  }

  async #appendRows(
    segment: Segment,
    { pipe, frames, times }: { pipe: Pipe; frames: readonly WaitingFrame[]; times: TimeIndex },
  ): Promise<void> {
    const { encoder, table } = pipe;
    const rows = frames.reduce((sum, frame) => sum + frame.count, 0);
    let bulk = rows - (rows % ROW_GROUP_ROWS);
    for (const [at, waiting] of frames.entries()) {
      if (at % FRAMES_PER_TURN === FRAMES_PER_TURN - 1) await othersTurn();
      const frame = waiting.read();
      for (let from = 0; from < frame.count; ) {
        from += encoder.add(frame, from, times);
        if (encoder.filled < CHUNK_ROWS) continue;
        flush(pipe, this.#appender(segment, bulk > 0 ? table.name : `${table.name}_tail`));
        bulk -= CHUNK_ROWS;
      }
    }
    if (encoder.filled > 0) flush(pipe, this.#appender(segment, `${table.name}_tail`));
  }

  /** Appenders are kept: a new one would claim its memory anew for every transaction. */
  #appender(segment: Segment, table: string): duckdb.Appender {
    if (this.#segment !== segment) this.#forget();
    this.#segment = segment;
    const known = this.#appenders.get(table);
    if (known !== undefined) return known;
    const appender = duckdb.appender_create_ext(this.#raw, segment.alias, 'main', table);
    this.#appenders.set(table, appender);
    return appender;
  }

  #forget(): void {
    for (const appender of this.#appenders.values()) {
      try {
        duckdb.appender_clear(appender);
        duckdb.appender_close_sync(appender);
      } catch {
        // After a failure there is nothing left to close; the failure itself is what is told.
      }
    }
    this.#appenders.clear();
  }

  async #putStreams(segment: Segment, { streams, lastBatch }: Group): Promise<void> {
    const { alias } = segment;
    const fresh = streams.filter((stream) => stream.isNew);
    const known = streams.filter((stream) => !stream.isNew);
    if (known.length > 0) {
      await this.#connection.run(
        `UPDATE ${alias}.streams AS t SET sequence = n.sequence, stored = n.stored, requests = n.requests
         FROM (SELECT unnest($stream) AS stream, unnest($sequence) AS sequence, unnest($stored) AS stored, unnest($requests) AS requests) AS n
         WHERE t.stream = n.stream`,
        {
          stream: listValue(known.map(({ stream }) => stream)),
          sequence: listValue(known.map(({ sequence }) => sequence)),
          stored: listValue(known.map(({ stored }) => BigInt(stored))),
          requests: listValue(known.map(({ requests }) => BigInt(requests))),
        },
        { stream: LIST(UINTEGER), sequence: LIST(UBIGINT), stored: LIST(UBIGINT), requests: LIST(UBIGINT) },
      );
    }
    for (const { stream, streamId, node, cluster, sequence, stored, requests } of fresh) {
      await this.#connection.run(
        `INSERT INTO ${alias}.streams VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [stream, streamId, node, cluster, sequence, BigInt(stored), BigInt(requests)],
        [UINTEGER, VARCHAR, VARCHAR, VARCHAR, UBIGINT, UBIGINT, UBIGINT],
      );
    }
    if (lastBatch === null) return;
    await this.#connection.run(`UPDATE ${alias}.segment SET last_batch = $1`, [BigInt(lastBatch)], [UBIGINT]);
  }

  async #putWorkloads(segment: Segment, workloads: readonly Workload[]): Promise<void> {
    const { alias } = segment;
    const list = <T extends string | number | boolean | null>(of: (workload: Workload) => T) =>
      listValue(workloads.map(of));
    await this.#connection.run(
      `DELETE FROM ${alias}.workloads WHERE id IN (SELECT unnest($1))`,
      [list(({ id }) => id)],
      [LIST(UINTEGER)],
    );
    await this.#connection.run(
      `INSERT INTO ${alias}.workloads SELECT unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8)`,
      [
        list(({ id }) => id),
        list(({ cluster }) => cluster),
        list(({ namespace }) => namespace),
        list(({ name }) => name),
        list(({ version }) => version),
        list(({ kind }) => kind),
        list(({ system }) => system),
        list(({ external }) => external),
      ],
      [
        LIST(UINTEGER),
        LIST(VARCHAR),
        LIST(VARCHAR),
        LIST(VARCHAR),
        LIST(VARCHAR),
        LIST(VARCHAR),
        LIST(BOOLEAN),
        LIST(BOOLEAN),
      ],
    );
  }
}

/** Moves the encoder's rows into DuckDB. The copies are bounded by the encoder's buffers. */
function flush({ encoder, chunk, vectors }: Pipe, appender: duckdb.Appender): void {
  const rows = encoder.filled;
  encoder.columns.forEach(({ buffer, bytes }, at) => {
    const vector = vectors[at];
    if (vector !== undefined) duckdb.copy_data_to_vector(vector, 0, buffer, 0, rows * bytes);
  });
  duckdb.data_chunk_set_size(chunk.chunk, rows);
  duckdb.append_data_chunk(appender, chunk.chunk);
  encoder.filled = 0;
}

/** The handle beneath a connection: the appender of whole chunks is only reachable through it. */
function rawConnection(connection: DuckDBConnection): duckdb.Connection {
  return (connection as unknown as { connection: duckdb.Connection }).connection;
}
