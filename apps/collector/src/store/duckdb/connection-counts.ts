// SPDX-License-Identifier: Apache-2.0
import type { DuckDBConnection } from '@duckdb/node-api';
import { RecordEvent, Reporter } from '@undermesh/bpf-abi';
import { JOIN_WINDOW_NS } from '../end.js';
import type { ConnectionCounts, CountRequest } from '../end-source.js';
import {
  bothEnds,
  conditionSql,
  conditionsOf,
  destinationAlone,
  needsDestination,
  sourceAlone,
} from './connection-sql.js';
import type { Segments } from './segments.js';
import { SqlParameters } from './sql-parameters.js';
import { clamped, MAX_NS, MIN_NS, NS_PER_SECOND as NS, type RowRange } from './time-range.js';

/** Rows that may be joined to count; above it a sample of connections is. About 0.1 s of one core. */
const MAX_COUNTED_ROWS = 1_000_000;

interface CountContext {
  readonly request: CountRequest;
  readonly segments: Segments;
}

/** Where {@link countConnections} gets its rows. */
interface RowScope {
  scope(range: RowRange, parameters: SqlParameters): string;
}

/** Counts connections (not ends) that pass a filter, by state and step of the window. */
export async function countConnections(
  connection: DuckDBConnection,
  rows: RowScope,
  { request, segments }: CountContext,
): Promise<ConnectionCounts> {
  const { filter, window } = request;
  const steps = window?.steps ?? 0;
  const closed = new Array<number>(steps).fill(0);
  const failed = new Array<number>(steps).fill(0);
  const sample = sampleFactor(segments, filter.fromNs, filter.toNs);
  if (sample > 1 && window === null) return { matched: null, closed, failed };
  const parameters = new SqlParameters();
  const sql = countSql({ request, segments, rows, parameters, sample });
  const counted = await parameters.run(connection, sql);
  let matched = 0;
  for (const [step, isFailed, isSampled, number] of await counted.getRows()) {
    const found = Number(number) * (isSampled === true ? sample : 1);
    matched += found;
    const at = Number(step);
    const figures = isFailed === true ? failed : closed;
    if (at >= 0 && at < steps) figures[at] = (figures[at] ?? 0) + found;
  }
  return { matched: sample > 1 ? null : matched, closed, failed };
}

/** One of how many connections is counted. Both ends of a connection are in the sample or neither is. */
function sampleFactor({ times }: Segments, fromNs: bigint | null, toNs: bigint | null): number {
  const from = Number((fromNs ?? MIN_NS) / NS);
  const to = Number((toNs ?? MAX_NS) / NS);
  return Math.max(1, Math.ceil(times.ends.between(from, to) / MAX_COUNTED_ROWS));
}

interface CountStatement extends CountContext {
  readonly rows: RowScope;
  readonly parameters: SqlParameters;
  readonly sample: number;
}

/**
 * Each connection is counted at the row that stands for it: the source's, or a destination's that has no source near.
 * Partners are found by plain equality, which DuckDB hashes; how near they are is asked afterwards.
 */
function countSql({ request, segments, rows, parameters, sample }: CountStatement): string {
  const { filter, asOf, window } = request;
  const { streams, workloads } = segments;
  const fromNs = filter.fromNs ?? MIN_NS;
  const toNs = filter.toNs === null ? MAX_NS : filter.toNs - 1n;
  const scope = rows.scope(
    { fromNs: clamped(fromNs - JOIN_WINDOW_NS), toNs: clamped(toNs + JOIN_WINDOW_NS), asOf },
    parameters,
  );
  const conditions = conditionsOf(filter, { parameters, streams, workloads });
  const [from, to] = [parameters.bind('BIGINT', fromNs), parameters.bind('BIGINT', toNs)];
  const inWindow = (row: string): string => `${row}.time_ns >= ${from} AND ${row}.time_ns <= ${to}`;
  const sampled = sample === 1 ? 'true' : `join_key % ${parameters.bind('UBIGINT', sample)} = 0`;
  const step =
    window === null
      ? () => '0'
      : (row: string) =>
          `(${row}.time_ns - ${parameters.bind('BIGINT', window.fromNs)}) // ${parameters.bind('BIGINT', window.stepNs)}`;
  const counted = (row: string): string =>
    `${step(row)} AS step, ${row}.event = ${RecordEvent.FAILED} AS failed, ${row}.join_key <> 0 AS sampled`;
  const near = (row: string, other: string): string =>
    `coalesce(abs(${row}.time_ns - ${other}.time_ns) <= ${JOIN_WINDOW_NS}, false)`;
  const all = (parts: readonly string[]): string => (parts.length === 0 ? 'true' : parts.join(' AND '));

  const plain = conditions.filter((condition) => !needsDestination(condition));
  const mixed = conditions.filter(needsDestination);
  const sources = [inWindow('s'), ...plain.map((condition) => conditionSql(condition, sourceAlone('s')))];
  if (mixed.length > 0) {
    const joined = all(mixed.map((condition) => conditionSql(condition, bothEnds('s', 'd'))));
    const alone = all(mixed.map((condition) => conditionSql(condition, sourceAlone('s'))));
    sources.push(`CASE WHEN ${near('s', 'd')} THEN ${joined} ELSE ${alone} END`);
  }
  const destinations = [
    inWindow('d'),
    `NOT ${near('d', 's')}`,
    ...conditions.map((condition) => conditionSql(condition, destinationAlone('d'))),
  ];
  return `
    WITH e AS (SELECT *, nullif(join_key, 0) AS pair FROM ${scope} AS r WHERE ${sampled}),
      s AS (SELECT * FROM e WHERE reporter = ${Reporter.SOURCE}),
      d AS (SELECT * FROM e WHERE reporter = ${Reporter.DESTINATION})
    SELECT step, failed, sampled, count(*) FROM (
      SELECT ${counted('s')} FROM s ${mixed.length > 0 ? 'LEFT JOIN d ON s.pair = d.pair' : ''} WHERE ${all(sources)}
      UNION ALL
      SELECT ${counted('d')} FROM d LEFT JOIN s ON d.pair = s.pair WHERE ${all(destinations)}
    ) GROUP BY ALL`;
}
