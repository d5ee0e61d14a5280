// SPDX-License-Identifier: Apache-2.0
import type { DuckDBConnection } from '@duckdb/node-api';
import { ConnectionRecord } from '@undermesh/bpf-abi';
import { type EndIdentity, isEnd, parseEndId } from '../connection-id.js';
import type { RowKey } from '../cursor.js';
import { JOIN_WINDOW_NS, joinKey, reportedEnd } from '../end.js';
import type {
  CandidateRequest,
  Candidates,
  ConnectionCounts,
  CountRequest,
  EndSource,
  StoredEnd,
} from '../end-source.js';
import type { Region, RegionRequest, RegionSource } from '../latency-region.js';
import { latestRequests, type RequestsOf, requestsIn, type StoredRequest } from '../stored-request.js';
import { countConnections } from './connection-counts.js';
import { candidateSql, conditionsOf } from './connection-sql.js';
import { ENDS, REQUEST_TABLES, type RecordTable } from './record-columns.js';
import { decodeRows } from './record-decoder.js';
import { readRegion, type SqlQuery } from './region.js';
import type { Segments } from './segments.js';
import { SqlParameters } from './sql-parameters.js';
import {
  clamped,
  largest,
  MAX_NS,
  MIN_NS,
  NS_PER_SECOND as NS,
  type RowRange,
  smallest,
} from './time-range.js';

/** Rows of the first slice of time that is looked at, per row wanted; later slices grow. */
const SLICE_ROWS = 4;
const SLICE_GROWTH = 8;

/** Finds ends in the segments with bounded work: it looks at slices of time, newest first. */
export class SegmentReader implements EndSource, RegionSource {
  readonly #segments: Segments;
  readonly #behindNs: () => bigint | null;

  /** @param behindNs see {@link EndSource.behindNs} */
  constructor(segments: Segments, behindNs: () => bigint | null) {
    this.#segments = segments;
    this.#behindNs = behindNs;
  }

  get lastBatch(): number {
    return this.#segments.lastBatch;
  }

  get oldestNs(): bigint | null {
    const { oldest } = this.#segments.times.ends;
    return oldest === null ? null : BigInt(oldest) * NS;
  }

  get behindNs(): bigint | null {
    return this.#behindNs();
  }

  candidates({ filter, asOf, after, limit }: CandidateRequest): Promise<Candidates> {
    return this.#segments.read(async (connection) => {
      const { oldestNs } = this;
      const times = this.#segments.times.ends;
      if (oldestNs === null || times.newest === null) return { ends: [], next: null };
      const bottomNs = largest(filter.fromNs ?? MIN_NS, oldestNs);
      let topNs = smallest(after?.timeNs ?? MAX_NS, filter.toNs === null ? MAX_NS : filter.toNs - 1n);
      topNs = smallest(topNs, BigInt(times.newest + 1) * NS);
      for (let rows = limit * SLICE_ROWS; ; rows *= SLICE_GROWTH) {
        if (topNs < bottomNs) return { ends: [], next: null };
        const second = times.backFrom(Number(topNs / NS), rows);
        const fromNs = second === null ? bottomNs : largest(bottomNs, BigInt(second) * NS);
        const ends = await this.#slice(connection, { fromNs, toNs: topNs, asOf, filter, after, limit });
        const last = ends.at(-1);
        if (last !== undefined && ends.length === limit) return { ends, next: last.key };
        const next = fromNs === bottomNs ? null : { timeNs: fromNs, batch: 0, position: 0 };
        if (ends.length > 0 || next === null) return { ends, next };
        topNs = fromNs - 1n;
      }
    });
  }

  partners(ends: readonly StoredEnd[], asOf: number): Promise<readonly StoredEnd[]> {
    const keys = [...new Set(ends.map((end) => joinKey(end.value)))].filter((key) => key !== 0n);
    if (keys.length === 0) return Promise.resolve([]);
    return this.#segments.read(async (connection) => {
      const range = marginOf(ends, asOf);
      const parameters = new SqlParameters();
      const found = await parameters.run(
        connection,
        `SELECT time_ns, batch, position FROM ${this.scope(range, parameters)} AS e WHERE ${parameters.in('join_key', 'UBIGINT', keys)}`,
      );
      const known = new Map(ends.map((end) => [rowName(end.key.batch, end.key.position), end]));
      const partners: StoredEnd[] = [];
      const missing = new Map<string, bigint>();
      for (const [timeNs, batch, position] of await found.getRows()) {
        const name = rowName(Number(batch), Number(position));
        const end = known.get(name);
        if (end === undefined) missing.set(name, BigInt(String(timeNs)));
        else partners.push(end);
      }
      if (missing.size > 0) partners.push(...(await this.#fetch(connection, missing, asOf)));
      return partners;
    });
  }

  find(identity: EndIdentity): Promise<StoredEnd | null> {
    const streams = this.#segments.streams.withPrefix(identity.streamPrefix);
    if (streams.length === 0) return Promise.resolve(null);
    return this.#segments.read(async (connection) => {
      const parameters = new SqlParameters();
      const scope = this.scope({ fromNs: MIN_NS, toNs: MAX_NS, asOf: this.lastBatch }, parameters);
      const cookie = parameters.bind('UBIGINT', identity.socketCookie);
      const text = `SELECT ${ENDS.names} FROM ${scope} AS e WHERE socket_cookie = ${cookie} AND ${parameters.in('stream', 'UINTEGER', streams)}`;
      const ends = await this.#ends(connection, { text, parameters, table: ENDS });
      return ends.find((end) => isEnd(end, identity)) ?? null;
    });
  }

  /** The latest requests of one end, newest first. */
  requests({ id, fromMs, toMs, limit }: RequestsOf): Promise<StoredRequest[]> {
    const identity = parseEndId(id);
    const streams = identity === null ? [] : this.#segments.streams.withPrefix(identity.streamPrefix);
    if (identity === null || streams.length === 0) return Promise.resolve([]);
    const range = {
      fromNs: BigInt(Math.floor(fromMs)) * 1_000_000n,
      toNs: BigInt(Math.ceil(toMs)) * 1_000_000n,
      asOf: this.lastBatch,
    };
    return this.#segments.read(async (connection) => {
      const found: StoredRequest[][] = [];
      for (const table of REQUEST_TABLES) {
        const parameters = new SqlParameters();
        const scope = this.scope(range, parameters, table);
        const cookie = parameters.bind('UBIGINT', identity.socketCookie);
        const result = await parameters.run(
          connection,
          `SELECT ${table.names} FROM ${scope} AS e
           WHERE socket_cookie = ${cookie} AND ${parameters.in('stream', 'UINTEGER', streams)}
           ORDER BY time_ns DESC, batch DESC, position DESC LIMIT ${parameters.bind('UINTEGER', limit)}`,
        );
        for (const chunk of await result.fetchAllChunks()) {
          const rows = decodeRows(chunk, table);
          const view = new DataView(rows.records.buffer);
          for (let row = 0, at = 0; row < rows.count; row++, at += table.recordBytes) {
            // A socket may have had several connections.
            if (view.getBigUint64(at + ConnectionRecord.openedNs, true) !== identity.openedNs) continue;
            found.push(requestsIn(rows.records, at, rows.timeNs[row] ?? 0n));
          }
        }
      }
      return latestRequests(found, limit);
    });
  }

  count(request: CountRequest): Promise<ConnectionCounts> {
    return this.#segments.read((connection) =>
      countConnections(connection, this, { request, segments: this.#segments }),
    );
  }

  region(request: RegionRequest): Promise<Region> {
    return this.#segments.read((connection) =>
      readRegion(
        connection,
        {
          segments: this.#segments,
          lastBatch: this.lastBatch,
          scope: (range, parameters, table) => this.scope(range, parameters, table),
          ends: (on, query) => this.#ends(on, query),
        },
        request,
      ),
    );
  }

  /** The rows of a range as a relation. Only segments that may hold some are named. */
  scope(range: RowRange, parameters: SqlParameters, table: RecordTable = ENDS): string {
    const { fromNs, toNs, asOf, afterFrame = 0 } = range;
    const segments = this.#segments.list.filter((segment) => segment.overlaps(table, range));
    const used = segments.length > 0 ? segments : this.#segments.list.slice(-1);
    const where = `time_ns >= ${parameters.bind('BIGINT', fromNs)} AND time_ns <= ${parameters.bind('BIGINT', toNs)} AND batch <= ${parameters.bind('UBIGINT', asOf)} AND batch > ${parameters.bind('UBIGINT', afterFrame)}`;
    const names = used.flatMap(({ alias }) => [`${alias}.${table.name}`, `${alias}.${table.name}_tail`]);
    return `(${names.map((name) => `SELECT * FROM ${name} WHERE ${where}`).join(' UNION ALL ')})`;
  }

  async #slice(
    connection: DuckDBConnection,
    { filter, after, limit, ...range }: CandidateRequest & RowRange,
  ): Promise<StoredEnd[]> {
    const parameters = new SqlParameters();
    const { streams, workloads } = this.#segments;
    const rows = this.scope(range, parameters);
    const conditions = conditionsOf(filter, { parameters, streams, workloads });
    const partners = this.scope(
      {
        fromNs: clamped(range.fromNs - JOIN_WINDOW_NS),
        toNs: clamped(range.toNs + JOIN_WINDOW_NS),
        asOf: range.asOf,
      },
      parameters,
    );
    const older = after === null ? 'true' : olderSql(after, parameters);
    const text = `SELECT ${ENDS.names} FROM ${rows} AS e WHERE ${older} AND ${candidateSql(conditions, 'e', partners)}
       ORDER BY time_ns DESC, batch DESC, position DESC LIMIT ${parameters.bind('UINTEGER', limit)}`;
    return this.#ends(connection, { text, parameters, table: ENDS });
  }

  async #fetch(
    connection: DuckDBConnection,
    rows: ReadonlyMap<string, bigint>,
    asOf: number,
  ): Promise<StoredEnd[]> {
    const times = [...new Set(rows.values())];
    const parameters = new SqlParameters();
    const scope = this.scope(
      { fromNs: times.reduce(smallest), toNs: times.reduce(largest), asOf },
      parameters,
    );
    const text = `SELECT ${ENDS.names} FROM ${scope} AS e WHERE ${parameters.in('time_ns', 'BIGINT', times)}`;
    const ends = await this.#ends(connection, { text, parameters, table: ENDS });
    return ends.filter((end) => rows.has(rowName(end.key.batch, end.key.position)));
  }

  /** The ends that rows are of; those of an http record are as of then. */
  async #ends(connection: DuckDBConnection, { text, parameters, table }: SqlQuery): Promise<StoredEnd[]> {
    const result = await parameters.run(connection, text);
    const ends: StoredEnd[] = [];
    for (const chunk of await result.fetchAllChunks()) {
      const rows = decodeRows(chunk, table);
      for (let row = 0; row < rows.count; row++) {
        const stream = this.#segments.streams.byOrdinal(rows.stream[row] ?? 0);
        const start = row * table.recordBytes;
        const end = reportedEnd({
          node: stream?.node ?? '',
          streamId: stream?.streamId ?? '',
          frameSequence: rows.sequence[row] ?? 0n,
          record: rows.records.subarray(start, start + ENDS.recordBytes),
          realtimeOffsetNs: rows.clockOffsetNs[row] ?? 0n,
          localWorkload: rows.localWorkload[row] ?? 0,
          peerWorkload: rows.peerWorkload[row] ?? 0,
        });
        const key = { timeNs: end.timeNs, batch: Number(rows.batch[row]), position: rows.position[row] ?? 0 };
        ends.push({ ...end, key });
      }
    }
    return ends;
  }
}

const rowName = (batch: number, position: number): string => `${batch}/${position}`;

function marginOf(ends: readonly StoredEnd[], asOf: number): RowRange {
  const times = ends.map((end) => end.timeNs);
  return {
    fromNs: clamped(times.reduce(smallest) - JOIN_WINDOW_NS),
    toNs: clamped(times.reduce(largest) + JOIN_WINDOW_NS),
    asOf,
  };
}

function olderSql({ timeNs, batch, position }: RowKey, parameters: SqlParameters): string {
  const time = parameters.bind('BIGINT', timeNs);
  const frame = parameters.bind('UBIGINT', batch);
  const row = parameters.bind('UINTEGER', position);
  return `(time_ns < ${time} OR (time_ns = ${time} AND (batch < ${frame} OR (batch = ${frame} AND position < ${row}))))`;
}
