// SPDX-License-Identifier: Apache-2.0
import { closeSync, existsSync, fsyncSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { HTTP, RECORD_TABLES, type RecordTable, ROUTE_COLUMNS } from './record-columns.js';
import { RowTimes } from './row-times.js';
import { NS_PER_SECOND as NS, type RowRange } from './time-range.js';

/** Version of the tables in a segment file. A file of a later one is refused; 1 had no http records, 2 did not count requests, 3 had no legs, 4 neither routes nor long http records. */
export const SEGMENT_FORMAT = 5;
/** The first that counts the requests of streams. */
const COUNTS_REQUESTS = 3;
/** The first that keeps the routes of requests. */
const KEEPS_ROUTES = 5;
const FILE_NAME = /^records-(\d{6,})\.duckdb$/;

/**
 * One file of records: two tables of each layout. `ends`, `http`, `http_long` and `legs` take whole row groups, which DuckDB compresses and
 * writes once, without its log; `ends_tail` and the like take the rest of each transaction. Every file also carries all stream positions and workload names
 * known so far, so that a transaction touches one file only and older files can be dropped.
 */
export class Segment {
  /** Name of the attached database. */
  readonly alias: string;
  /** Rows by second. */
  readonly times = new RowTimes();
  createdMs = 0;
  bytes = 0;
  #named = '';

  constructor(
    readonly path: string,
    readonly number: number,
  ) {
    this.alias = `s${number}`;
  }

  static in(directory: string, number: number): Segment {
    return new Segment(join(directory, `records-${String(number).padStart(6, '0')}.duckdb`), number);
  }

  /** The number in a segment's file name, `null` for other files. */
  static numberOf(fileName: string): number | null {
    const digits = FILE_NAME.exec(fileName)?.[1];
    return digits === undefined ? null : Number(digits);
  }

  /** Whether rows of a table may lie in a range of time. */
  overlaps(table: RecordTable, { fromNs, toNs }: Pick<RowRange, 'fromNs' | 'toNs'>): boolean {
    const { oldest, newest } = this.times.of(table);
    if (oldest === null || newest === null) return false;
    return BigInt(newest + 1) * NS > fromNs && BigInt(oldest) * NS <= toNs;
  }

  async attach(connection: DuckDBConnection): Promise<void> {
    await connection.run(`ATTACH '${this.path.replaceAll("'", "''")}' AS ${this.alias}`);
  }

  /** Creates the tables and copies what every segment carries from the one before. One transaction. */
  async create(connection: DuckDBConnection, before: Segment | null): Promise<void> {
    this.createdMs = Date.now();
    const { alias } = this;
    const copied = (table: string, columns: string): string =>
      before === null
        ? `CREATE TABLE ${alias}.${table}(${columns})`
        : `CREATE TABLE ${alias}.${table} AS SELECT * FROM ${before.alias}.${table}`;
    await connection.run('BEGIN');
    await this.#createTables(connection);
    await connection.run(copied('streams', STREAM_COLUMNS));
    await connection.run(copied('workloads', WORKLOAD_COLUMNS));
    await connection.run(
      `CREATE TABLE ${alias}.segment AS SELECT ${SEGMENT_FORMAT} AS format, ${this.createdMs}::BIGINT AS created_ms, ${
        before === null ? '0::UBIGINT' : `(SELECT last_batch FROM ${before.alias}.segment)`
      } AS last_batch`,
    );
    await connection.run('COMMIT');
    this.syncNames();
    this.measure();
  }

  /** Reads what is in the file and brings an older one up to date. Returns its format; `null` when it was never completed (and so holds nothing). */
  async load(connection: DuckDBConnection): Promise<number | null> {
    const tables = await connection.runAndReadAll(
      `SELECT count(*) FROM duckdb_tables() WHERE database_name = '${this.alias}' AND table_name = 'segment'`,
    );
    if (tables.getRows()[0]?.[0] === 0n) return null;
    const head = await connection.runAndReadAll(`SELECT format, created_ms FROM ${this.alias}.segment`);
    const [format, createdMs] = head.getRows()[0] ?? [];
    this.createdMs = Number(createdMs);
    if (Number(format) > SEGMENT_FORMAT) return Number(format);
    if (Number(format) < SEGMENT_FORMAT) await this.#upgrade(connection, Number(format));
    for (const table of RECORD_TABLES) {
      for (const name of [table.name, `${table.name}_tail`]) {
        const seconds = await connection.runAndReadAll(
          `SELECT time_ns // ${NS} AS second, count(*) FROM ${this.alias}.${name} GROUP BY 1 ORDER BY 1`,
        );
        for (const [second, rows] of seconds.getRows())
          this.times.of(table).add(Number(second), Number(rows));
      }
    }
    this.measure();
    return SEGMENT_FORMAT;
  }

  async #createTables(connection: DuckDBConnection): Promise<void> {
    for (const { name, definition } of RECORD_TABLES) {
      await connection.run(`CREATE TABLE IF NOT EXISTS ${this.alias}.${name}(${definition})`);
      await connection.run(`CREATE TABLE IF NOT EXISTS ${this.alias}.${name}_tail(${definition})`);
    }
  }

  /** Adds what earlier formats lacked. One transaction. */
  async #upgrade(connection: DuckDBConnection, from: number): Promise<void> {
    await connection.run('BEGIN');
    await this.#createTables(connection);
    if (from < COUNTS_REQUESTS) await this.#countRequests(connection);
    if (from < KEEPS_ROUTES) await this.#addRoutes(connection);
    await connection.run(`UPDATE ${this.alias}.segment SET format = ${SEGMENT_FORMAT}`);
    await connection.run('COMMIT');
  }

  async #countRequests(connection: DuckDBConnection): Promise<void> {
    const { alias } = this;
    await connection.run(`ALTER TABLE ${alias}.streams ADD COLUMN requests UBIGINT`);
    await connection.run(
      `UPDATE ${alias}.streams AS t SET requests = coalesce((
         SELECT sum(sample_count) FROM (FROM ${alias}.http UNION ALL FROM ${alias}.http_tail) AS h WHERE h.stream = t.stream), 0)`,
    );
  }

  /** A table that was made just now has them already. */
  async #addRoutes(connection: DuckDBConnection): Promise<void> {
    for (const table of [HTTP.name, `${HTTP.name}_tail`])
      for (const { name, type } of ROUTE_COLUMNS)
        await connection.run(
          `ALTER TABLE ${this.alias}.${table} ADD COLUMN IF NOT EXISTS ${name} ${type} DEFAULT 0`,
        );
  }

  /** Reads the size of the file and of its log. */
  measure(): void {
    this.bytes = 0;
    for (const path of [this.path, `${this.path}.wal`]) {
      if (existsSync(path)) this.bytes += statSync(path).size;
    }
  }

  /**
   * Makes the names of the segment's files durable when they are new: DuckDB syncs what it writes into a file, not the
   * directory that the file is named in. A log is a new file after each checkpoint.
   */
  syncNames(): void {
    const files = [this.path, `${this.path}.wal`].map((path) => {
      const found = statSync(path, { throwIfNoEntry: false });
      return found === undefined ? '' : `${found.ino}/${found.birthtimeMs}`;
    });
    const named = files.join(' ');
    if (named === this.#named) return;
    const directory = openSync(dirname(this.path), 'r');
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
    this.#named = named;
  }

  /** Frees the disk. The segment must have been detached. */
  remove(): void {
    rmSync(`${this.path}.wal`, { force: true });
    rmSync(this.path, { force: true });
  }
}

const STREAM_COLUMNS =
  'stream UINTEGER, stream_id VARCHAR, node VARCHAR, cluster VARCHAR, sequence UBIGINT, stored UBIGINT, requests UBIGINT';
const WORKLOAD_COLUMNS =
  'id UINTEGER, cluster VARCHAR, namespace VARCHAR, name VARCHAR, version VARCHAR, kind VARCHAR, system BOOLEAN, external BOOLEAN';
