// SPDX-License-Identifier: Apache-2.0
import {
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
import type { Workload } from '../store.js';
import { END_COLUMNS } from './end-columns.js';
import { CHUNK_ROWS, type EncodedFrame, EndEncoder } from './end-encoder.js';
import type { Segment } from './segment.js';
import { ROW_GROUP_ROWS } from './segment-rows.js';
import type { StreamEntry } from './streams.js';
import { TimeIndex } from './time-index.js';

const TYPES = { BIGINT, UBIGINT, UINTEGER, USMALLINT, UTINYINT } as const;

/** What one transaction makes durable. */
export interface Group {
  readonly frames: readonly EncodedFrame[];
  /** Streams that the frames belong to, with their new positions. */
  readonly streams: readonly StreamEntry[];
  readonly workloads: readonly Workload[];
  readonly lastBatch: number;
}

/** Writes into one segment. One group at a time. */
export class SegmentWriter {
  readonly #encoder = new EndEncoder();
  readonly #chunk = DuckDBDataChunk.create(END_COLUMNS.map(({ type }) => TYPES[type]));
  readonly #vectors = END_COLUMNS.map((_, at) => duckdb.data_chunk_get_vector(this.#chunk.chunk, at));
  readonly #connection: DuckDBConnection;
  readonly #raw: duckdb.Connection;
  readonly #appenders = new Map<string, duckdb.Appender>();
  #segment: Segment | null = null;

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
    this.#raw = rawConnection(connection);
  }

  /** Resolves with the rows by second once the group is on disk. On a failure nothing of it is stored. */
  async commit(segment: Segment, group: Group): Promise<TimeIndex> {
    const times = new TimeIndex();
    await this.#connection.run('BEGIN');
    try {
      if (group.workloads.length > 0) await this.#putWorkloads(segment, group.workloads);
      this.#appendRows(segment, group.frames, times);
      await this.#putStreams(segment, group);
      await this.#connection.run('COMMIT');
    } catch (thrown) {
      this.#encoder.filled = 0;
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

  #appendRows(segment: Segment, frames: readonly EncodedFrame[], times: TimeIndex): void {
    const rows = frames.reduce((sum, frame) => sum + frame.count, 0);
    let bulk = rows - (rows % ROW_GROUP_ROWS);
    for (const frame of frames) {
      for (let from = 0; from < frame.count; ) {
        from += this.#encoder.add(frame, from, times);
        if (this.#encoder.filled < CHUNK_ROWS) continue;
        this.#flush(this.#appender(segment, bulk > 0 ? 'ends' : 'ends_tail'));
        bulk -= CHUNK_ROWS;
      }
    }
    if (this.#encoder.filled > 0) this.#flush(this.#appender(segment, 'ends_tail'));
    for (const appender of this.#appenders.values()) duckdb.appender_flush_sync(appender);
  }

  /** Appenders are kept: a new one would claim its memory anew for every transaction. */
  #appender(segment: Segment, table: 'ends' | 'ends_tail'): duckdb.Appender {
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

  /** Moves the encoder's rows into DuckDB. The copies are bounded by the encoder's buffers. */
  #flush(appender: duckdb.Appender): void {
    const rows = this.#encoder.filled;
    if (rows === 0) return;
    this.#encoder.columns.forEach(({ buffer, bytes }, at) => {
      const vector = this.#vectors[at];
      if (vector !== undefined) duckdb.copy_data_to_vector(vector, 0, buffer, 0, rows * bytes);
    });
    duckdb.data_chunk_set_size(this.#chunk.chunk, rows);
    duckdb.append_data_chunk(appender, this.#chunk.chunk);
    this.#encoder.filled = 0;
  }

  async #putStreams(segment: Segment, { streams, lastBatch }: Group): Promise<void> {
    const { alias } = segment;
    const fresh = streams.filter((stream) => stream.isNew);
    const known = streams.filter((stream) => !stream.isNew);
    if (known.length > 0) {
      await this.#connection.run(
        `UPDATE ${alias}.streams AS t SET sequence = n.sequence, stored = n.stored
         FROM (SELECT unnest($stream) AS stream, unnest($sequence) AS sequence, unnest($stored) AS stored) AS n
         WHERE t.stream = n.stream`,
        {
          stream: listValue(known.map(({ stream }) => stream)),
          sequence: listValue(known.map(({ sequence }) => sequence)),
          stored: listValue(known.map(({ stored }) => BigInt(stored))),
        },
        { stream: LIST(UINTEGER), sequence: LIST(UBIGINT), stored: LIST(UBIGINT) },
      );
    }
    for (const { stream, streamId, node, cluster, sequence, stored } of fresh) {
      await this.#connection.run(
        `INSERT INTO ${alias}.streams VALUES ($1, $2, $3, $4, $5, $6)`,
        [stream, streamId, node, cluster, sequence, BigInt(stored)],
        [UINTEGER, VARCHAR, VARCHAR, VARCHAR, UBIGINT, UBIGINT],
      );
    }
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

/** The handle beneath a connection: the appender of whole chunks is only reachable through it. */
function rawConnection(connection: DuckDBConnection): duckdb.Connection {
  return (connection as unknown as { connection: duckdb.Connection }).connection;
}
