// SPDX-License-Identifier: Apache-2.0
import type { DuckDBConnection } from '@duckdb/node-api';
import { HttpLimit, RecordEvent, Reporter } from '@undermesh/bpf-abi';
import { STATUS_CLASSES } from '@undermesh/schema';
import { joinKey } from '../end.js';
import type { StoredEnd } from '../end-source.js';
import { isHttpMeasure, type Region, type RegionConnection, type RegionRequest } from '../latency-region.js';
import { ENDS, HTTP, HTTP_LONG, REQUEST_TABLES, type RecordTable } from './record-columns.js';
import type { Segments } from './segments.js';
import { SqlParameters } from './sql-parameters.js';
import { MAX_NS, type RowRange } from './time-range.js';

/** What regions are read with. */
export interface RegionReader {
  readonly segments: Segments;
  readonly lastBatch: number;
  scope(range: RowRange, parameters: SqlParameters, table: RecordTable): string;
  /** Ends in the rows of a query whose columns are those of the table. */
  ends(connection: DuckDBConnection, sql: SqlQuery): Promise<StoredEnd[]>;
}

export interface SqlQuery {
  readonly text: string;
  readonly parameters: SqlParameters;
  readonly table: RecordTable;
}

/** One row per sample that is asked for, of the connection that reads only. */
const SAMPLES = 'region_samples';

/** See {@link Region}. Samples are laid out once, in a table of this reader's own, and asked twice. */
export async function readRegion(
  connection: DuckDBConnection,
  reader: RegionReader,
  request: RegionRequest,
): Promise<Region> {
  const parameters = new SqlParameters();
  await parameters.run(
    connection,
    `CREATE OR REPLACE TEMP TABLE ${SAMPLES} AS ${samplesSql(reader, request, parameters)}`,
  );
  const groups = await readGroups(connection, reader);
  const found = await connection.runAndReadAll(
    `SELECT stream, socket_cookie, any_value(join_key), count(*), max(us), bit_or(1::UTINYINT << class), count(*) OVER ()
     FROM ${SAMPLES} WHERE inside GROUP BY stream, socket_cookie
     ORDER BY max(us) DESC, stream, socket_cookie LIMIT ${request.limit}`,
  );
  const keys = found.getRows().map(([stream, cookie, key, ...figures]) => ({
    streamId: reader.segments.streams.byOrdinal(Number(stream))?.streamId,
    cookie: BigInt(String(cookie)),
    key: BigInt(String(key)),
    figures: figures.map(Number),
  }));
  const ends = await endsOf(connection, reader, { fromNs: request.fromNs, keys });
  const connections = keys.flatMap(({ streamId, cookie, key, figures }) => {
    const [requests = 0, slowestUs = 0, classes = 0] = figures;
    const isOwn = (end: StoredEnd): boolean => end.value.socketCookie === cookie && end.streamId === streamId;
    const end = latest(ends.filter(isOwn));
    if (end === undefined) return [];
    const isPartner = (other: StoredEnd): boolean =>
      key !== 0n && joinKey(other.value) === key && other.value.reporter !== end.value.reporter;
    const partner = latest(ends.filter(isPartner)) ?? null;
    return [{ end, partner, requests, slowestUs, classes } satisfies RegionConnection];
  });
  return { connections, matched: keys[0]?.figures[3] ?? 0, groups };
}

/** The record that says most: the closing one, otherwise the newest. */
function latest(ends: readonly StoredEnd[]): StoredEnd | undefined {
  return ends.reduce<StoredEnd | undefined>((best, end) => {
    if (best === undefined || end.value.timeNs > best.value.timeNs) return end;
    return end.value.timeNs === best.value.timeNs && end.value.reason !== 0 ? end : best;
  }, undefined);
}

/**
 * One row per sample of the stretch of time, those outside the region among them. Who is at the other side is what that
 * side says of itself, where it has spoken, otherwise what was known when the record came.
 */
function samplesSql(reader: RegionReader, request: RegionRequest, parameters: SqlParameters): string {
  const { measure, minUs, maxUs, fromNs, toNs } = request;
  const http = isHttpMeasure(measure);
  // A connect is a sample of the moment the connection opened, all else of the moment its record was made.
  const range = { fromNs, toNs: measure === 'connect' ? MAX_NS : toNs - 1n, asOf: reader.lastBatch };
  const scope = http ? requestScope(reader, range, parameters) : reader.scope(range, parameters, ENDS);
  const sideOf = (reporter: number): string =>
    `CASE e.reporter WHEN ${reporter} THEN e.local_workload ELSE coalesce(p.workload, e.peer_workload) END`;
  const streamOf = (reporter: number): string => `CASE reporter WHEN ${reporter} THEN stream ELSE other END`;
  const sourced = `SELECT join_key FROM r WHERE reporter = ${Reporter.SOURCE} AND join_key <> 0`;
  const taken =
    request.reporter === null
      ? `reporter = ${Reporter.SOURCE} OR join_key NOT IN (${sourced})`
      : `reporter = ${request.reporter === 'source' ? Reporter.SOURCE : Reporter.DESTINATION}`;
  const low = minUs === 0 ? 'true' : `us > ${minUs}`;
  const status = '(outcome & 65535)';
  const none = STATUS_CLASSES.indexOf('none');
  const classOf = http ? `CASE ${status} WHEN 0 THEN ${none} ELSE ${status} // 100 - 1 END` : 'NULL';
  return `
    WITH e AS (SELECT * FROM ${scope} AS a),
      p AS (SELECT join_key, reporter, min(stream) AS other, min(local_workload) AS workload
        FROM e WHERE join_key <> 0 GROUP BY ALL),
      j AS (SELECT e.*, p.other, ${sideOf(Reporter.SOURCE)} AS source, ${sideOf(Reporter.DESTINATION)} AS destination
        FROM e LEFT JOIN p ON e.join_key = p.join_key AND e.reporter <> p.reporter),
      r AS (SELECT *, ${streamOf(Reporter.SOURCE)} AS source_stream, ${streamOf(Reporter.DESTINATION)} AS destination_stream,
          CASE reporter WHEN ${Reporter.SOURCE} THEN peer_port ELSE local_port END AS port
        FROM j WHERE ${conditionsSql(reader, request, { parameters, streamOf })}),
      s AS (SELECT stream, socket_cookie, join_key, source_stream, destination_stream, destination, port,
          retransmitted_segments > 0 AS resent, ${valuesSql(request)} FROM r WHERE ${taken}),
      c AS (SELECT *, ${classOf}::UTINYINT AS class, ${http ? '(outcome >> 16) & 255' : 'NULL'}::UTINYINT AS method
        FROM s WHERE us IS NOT NULL)
    SELECT *, (${low}) AND us <= ${maxUs} AS inside FROM c WHERE ${classesSql(request)}`;
}

/** The rows of both kinds of http records, with their samples as lists. */
function requestScope(reader: RegionReader, range: RowRange, parameters: SqlParameters): string {
  const columns = (name: string): string =>
    `[${Array.from({ length: HttpLimit.SAMPLES }, (_, n) => `${name}_${n}`).join(', ')}]`;
  const array = (name: string): string => `${name}::UINTEGER[]`;
  const rows = (table: RecordTable, list: (name: string) => string): string => {
    const lists = [
      ['first_byte_us', 'first_byte_us'],
      ['last_byte_us', 'last_byte_us'],
      ['outcome', 'outcomes'],
    ].map(([name = '', as]) => `(${list(name)})[1:sample_count] AS ${as}`);
    return `SELECT ${ENDS.names}, ${lists.join(', ')} FROM ${reader.scope(range, parameters, table)} AS t`;
  };
  return `(${rows(HTTP, columns)} UNION ALL ${rows(HTTP_LONG, array)})`;
}

function classesSql({ classes }: RegionRequest): string {
  if (classes === null) return 'true';
  return classes.length === 0 ? 'false' : `class IN (${classes.join(', ')})`;
}

/** The samples of a row: `us`, and `outcome` of requests. */
function valuesSql({ measure, fromNs, toNs }: RegionRequest): string {
  const unknown = HttpLimit.UNKNOWN_US;
  const opened = `time_ns - lifetime_ns::BIGINT`;
  switch (measure) {
    case 'first_byte':
    case 'last_byte':
      return `nullif(unnest(${measure}_us), ${unknown}) AS us, unnest(outcomes) AS outcome`;
    case 'connect':
      return `CASE WHEN ${opened} >= ${fromNs} AND ${opened} < ${toNs} THEN nullif(connect_us, 0) END AS us`;
    case 'round_trip':
      return 'nullif(srtt_us, 0) AS us';
    case 'lifetime':
      return `CASE WHEN event = ${RecordEvent.CLOSED} THEN lifetime_ns // 1000 END AS us`;
  }
}

/** Which rows are of the connections asked for. */
function conditionsSql(
  { segments }: RegionReader,
  request: RegionRequest,
  { parameters, streamOf }: { parameters: SqlParameters; streamOf: (reporter: number) => string },
): string {
  const { sources, destinations, without, nodes, sourceNodes, destinationNodes } = request;
  const conditions = [`event <> ${RecordEvent.FAILED}`];
  const among = (column: string, ids: readonly number[] | null): void => {
    if (ids !== null) conditions.push(parameters.in(column, 'UINTEGER', ids));
  };
  const onNodes = (stream: string, names: ReadonlySet<string> | null): void =>
    among(stream, names === null ? null : segments.streams.ofNodes(names));
  among('source', sources);
  among('destination', destinations);
  onNodes('stream', nodes);
  onNodes(streamOf(Reporter.SOURCE), sourceNodes);
  onNodes(streamOf(Reporter.DESTINATION), destinationNodes);
  for (const column of ['source', 'destination'])
    if (without.length > 0) conditions.push(`NOT ${parameters.in(column, 'UINTEGER', without)}`);
  return conditions.join(' AND ');
}

async function readGroups(
  connection: DuckDBConnection,
  { segments }: RegionReader,
): Promise<Region['groups']> {
  const found = await connection.runAndReadAll(
    `SELECT source_stream, destination_stream, destination, port, method, class, resent,
       count(*) FILTER (inside), count(*) FILTER (NOT inside) FROM ${SAMPLES} GROUP BY ALL`,
  );
  const nodeOf = (stream: unknown): string | null =>
    stream === null ? null : (segments.streams.byOrdinal(Number(stream))?.node ?? null);
  const optional = (value: unknown): number | null => (value === null ? null : Number(value));
  return found
    .getRows()
    .map(([source, destination, workload, port, method, status, resent, inside, outside]) => ({
      sourceNode: nodeOf(source),
      destinationNode: nodeOf(destination),
      destination: Number(workload),
      port: Number(port),
      method: optional(method),
      status: optional(status),
      resent: resent === true,
      inside: Number(inside),
      outside: Number(outside),
    }));
}

/** What both ends of the connections found have said of themselves last, in all tables. */
async function endsOf(
  connection: DuckDBConnection,
  reader: RegionReader,
  of: { fromNs: bigint; keys: readonly { readonly cookie: bigint; readonly key: bigint }[] },
): Promise<StoredEnd[]> {
  const ends: StoredEnd[] = [];
  for (const table of [...REQUEST_TABLES, ENDS]) {
    const parameters = new SqlParameters();
    // When a connection ended is not known, only that it was not before the stretch.
    const range = { fromNs: of.fromNs, toNs: MAX_NS, asOf: reader.lastBatch };
    const scope = reader.scope(range, parameters, table);
    const cookies = of.keys.map(({ cookie }) => cookie);
    const keys = of.keys.map(({ key }) => key).filter((key) => key !== 0n);
    const text = `SELECT ${table.names} FROM ${scope} AS e
      WHERE ${parameters.in('socket_cookie', 'UBIGINT', cookies)} OR ${parameters.in('join_key', 'UBIGINT', keys)}
      QUALIFY row_number() OVER (PARTITION BY stream, socket_cookie ORDER BY time_ns DESC, batch DESC, position DESC) = 1`;
    ends.push(...(await reader.ends(connection, { text, parameters, table })));
  }
  return ends;
}
