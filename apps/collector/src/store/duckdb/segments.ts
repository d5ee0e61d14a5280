// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { Workload } from '../store.js';
import type { DuckdbOptions } from './options.js';
import { RowTimes } from './row-times.js';
import { SEGMENT_FORMAT, Segment } from './segment.js';
import { openFailure, StoreError } from './store-failure.js';
import { Streams } from './streams.js';
import { NS_PER_SECOND as NS } from './time-range.js';

/** The open database: all segment files attached to one DuckDB instance, and what is known of them in memory. */
export class Segments {
  readonly streams = new Streams();
  readonly workloads = new Map<number, Workload>();
  /** Rows by second, over all segments. */
  readonly times = new RowTimes();
  /** Ordinal of the last stored frame. */
  lastBatch = 0;
  readonly #options: DuckdbOptions;
  #list: Segment[] = [];
  #instance: DuckDBInstance | null = null;
  #readers = 0;

  constructor(options: DuckdbOptions) {
    this.#options = options;
  }

  /** Oldest first. The last one is written to. */
  get list(): readonly Segment[] {
    return this.#list;
  }

  get active(): Segment {
    const last = this.#list.at(-1);
    if (last === undefined) throw new StoreError('store_unavailable', 'the store is not open');
    return last;
  }

  get bytes(): number {
    return this.#list.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  get oldestNs(): bigint | null {
    const { oldest } = this.times;
    return oldest === null ? null : BigInt(oldest) * NS;
  }

  /** Attaches every segment file, oldest first, and creates the first one when there is none. Returns the writing connection. */
  async open(): Promise<DuckDBConnection> {
    const { directory, memoryLimit, threads, walBytes } = this.#options;
    mkdirSync(directory, { recursive: true });
    this.#instance = await DuckDBInstance.create(':memory:', {
      memory_limit: memoryLimit,
      threads: String(threads),
      temp_directory: join(directory, 'tmp'),
      wal_autocheckpoint: `${walBytes}B`,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    const connection = await this.#instance.connect();
    const numbers = readdirSync(directory)
      .map(Segment.numberOf)
      .filter((number): number is number => number !== null)
      .sort((a, b) => a - b);
    for (const number of numbers) await this.#attach(connection, Segment.in(directory, number));
    if (this.#list.length === 0) await this.add(connection);
    for (const segment of this.#list) this.times.addAll(segment.times);
    await this.#readNames(connection);
    return connection;
  }

  /** Starts a new segment: later groups go there. */
  async add(connection: DuckDBConnection): Promise<void> {
    const before = this.#list.at(-1) ?? null;
    const segment = Segment.in(this.#options.directory, (before?.number ?? 0) + 1);
    try {
      await segment.attach(connection);
      await segment.create(connection, before);
    } catch (thrown) {
      await connection.run('ROLLBACK').catch(() => {});
      await connection.run(`DETACH DATABASE IF EXISTS ${segment.alias}`).catch(() => {});
      segment.remove();
      throw thrown;
    }
    this.#list.push(segment);
  }

  /** Drops a segment and frees its disk. `false` when somebody is reading: try again later. */
  async drop(connection: DuckDBConnection, segment: Segment): Promise<boolean> {
    if (this.#readers > 0 || segment === this.#list.at(-1)) return false;
    this.#list = this.#list.filter((other) => other !== segment);
    this.times.subtract(segment.times);
    await connection.run(`DETACH ${segment.alias}`);
    segment.remove();
    return true;
  }

  /** Runs a reading task on a connection of its own; no segment is dropped meanwhile. */
  async read<T>(task: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    if (this.#instance === null) throw new StoreError('store_unavailable', 'the store is not open');
    this.#readers++;
    try {
      const connection = await this.#instance.connect();
      try {
        return await task(connection);
      } finally {
        connection.closeSync();
      }
    } finally {
      this.#readers--;
    }
  }

  close(): void {
    this.#instance?.closeSync();
    this.#instance = null;
    this.#list = [];
    this.streams.clear();
    this.workloads.clear();
    this.times.clear();
    this.lastBatch = 0;
  }

  async #attach(connection: DuckDBConnection, segment: Segment): Promise<void> {
    try {
      await segment.attach(connection);
      const format = await segment.load(connection);
      if (format === null) await segment.create(connection, this.#list.at(-1) ?? null);
      else if (format !== SEGMENT_FORMAT) {
        throw new StoreError(
          'store_unavailable',
          `${segment.path} has format ${format}, this collector reads ${SEGMENT_FORMAT}. Start the newer version again.`,
        );
      }
    } catch (thrown) {
      throw thrown instanceof StoreError ? thrown : openFailure(segment.path, thrown);
    }
    this.#list.push(segment);
  }

  async #readNames(connection: DuckDBConnection): Promise<void> {
    const { alias } = this.active;
    const streams = await connection.runAndReadAll(
      `SELECT stream, stream_id, node, cluster, sequence, stored, requests FROM ${alias}.streams ORDER BY stream`,
    );
    for (const [stream, streamId, node, cluster, sequence, stored, requests] of streams.getRows()) {
      this.streams.put({
        stream: Number(stream),
        streamId: String(streamId),
        node: String(node),
        cluster: String(cluster),
        sequence: BigInt(String(sequence)),
        stored: Number(stored),
        requests: Number(requests),
        isNew: false,
      });
    }
    const workloads = await connection.runAndReadAll(
      `SELECT id, cluster, namespace, name, version, kind, system, external FROM ${alias}.workloads`,
    );
    for (const [id, cluster, namespace, name, version, kind, system, external] of workloads.getRows()) {
      this.workloads.set(Number(id), {
        id: Number(id),
        cluster: String(cluster),
        namespace: String(namespace),
        name: String(name),
        version: version === null ? null : String(version),
        kind: String(kind) as Workload['kind'],
        system: system === true,
        external: external === true,
      });
    }
    const last = await connection.runAndReadAll(`SELECT last_batch FROM ${alias}.segment`);
    this.lastBatch = Number(last.getRows()[0]?.[0] ?? 0);
  }
}
