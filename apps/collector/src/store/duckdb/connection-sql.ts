// SPDX-License-Identifier: Apache-2.0
import { AddressFamily, RecordEvent, Reporter } from '@undermesh/bpf-abi';
import { isIpv4Words, parseAddress } from '../../aggregate/address.js';
import { type ConnectionFilter, isNamed, type WorkloadPattern } from '../connection-filter.js';
import { MIRRORED_REASONS, REASON_NAMES, UNKNOWN_WORKLOAD } from '../connection-item.js';
import type { Workload } from '../store.js';
import type { SqlParameters } from './sql-parameters.js';
import type { Streams } from './streams.js';

/** One side of a connection as SQL expressions; `null` where the rows at hand say nothing. */
interface SideSql {
  readonly workload: string;
  readonly stream: string | null;
  readonly process: readonly [string, string] | null;
  readonly address: readonly [string, string];
  readonly family: string;
  readonly port: string;
}

/** A connection as SQL expressions over one or two rows. */
export interface ItemSql {
  readonly source: SideSql;
  readonly destination: SideSql;
  readonly reason: string;
  readonly event: string;
}

/** What a reporter says of itself. */
const own = (row: string): SideSql => ({
  workload: `${row}.local_workload`,
  stream: `${row}.stream`,
  process: [`${row}.process_0`, `${row}.process_8`],
  address: [`${row}.local_address_0`, `${row}.local_address_8`],
  family: `${row}.family`,
  port: `${row}.local_port`,
});

/** What a reporter says of the other side. */
const seen = (row: string): SideSql => ({
  workload: `${row}.peer_workload`,
  stream: null,
  process: null,
  address: [`${row}.peer_address_0`, `${row}.peer_address_8`],
  family: `${row}.family`,
  port: `${row}.peer_port`,
});

const mirrored = (reason: string): string =>
  `CASE ${reason} ${Object.entries(MIRRORED_REASONS)
    .map(([from, to]) => `WHEN ${from} THEN ${to}`)
    .join(' ')} ELSE ${reason} END`;

/** A connection that only its source has reported. */
export const sourceAlone = (row: string): ItemSql => ({
  source: own(row),
  destination: seen(row),
  reason: `${row}.reason`,
  event: `${row}.event`,
});
/** A connection that only its destination has reported. */
export const destinationAlone = (row: string): ItemSql => ({
  source: seen(row),
  destination: own(row),
  reason: mirrored(`${row}.reason`),
  event: `${row}.event`,
});
/** A connection that both ends have reported. */
export const bothEnds = (source: string, destination: string): ItemSql => ({
  ...sourceAlone(source),
  destination: own(destination),
});

type SidePredicate = (side: SideSql) => string;

/** One condition of a filter, by the sides it speaks of. */
export type Condition =
  | { readonly on: 'source' | 'destination' | 'either' | 'neither'; readonly test: SidePredicate }
  | { readonly on: 'item'; readonly test: (item: ItemSql) => string };

export interface ConditionContext {
  readonly parameters: SqlParameters;
  readonly streams: Streams;
  readonly workloads: ReadonlyMap<number, Workload>;
}

/** The conditions of a filter, all of which must hold; time is not among them. Values are bound, never written out. */
export function conditionsOf(filter: ConnectionFilter, context: ConditionContext): Condition[] {
  const { parameters, streams } = context;
  const conditions: Condition[] = [];
  const side = (on: 'source' | 'destination' | 'either', test: SidePredicate | null): void => {
    if (test !== null) conditions.push({ on, test });
  };
  side('source', workloadTest(filter.source, context));
  side('destination', workloadTest(filter.destination, context));
  side('either', workloadTest(filter.workload, context));
  const { namespaces, nodes, addresses, ports, processes, reasons } = filter;
  if (namespaces !== null)
    side(
      'either',
      idTest((workload) => namespaces.has(workload.namespace), context),
    );
  if (nodes !== null) {
    const ordinals = streams.ofNodes(nodes);
    side(
      'either',
      bound(
        (stream) => parameters.in(stream, 'UINTEGER', ordinals),
        ({ stream }) => stream,
      ),
    );
  }
  if (addresses !== null) side('either', addressTest([...addresses], parameters));
  if (ports !== null) {
    side(
      'destination',
      bound(
        (port) => parameters.in(port, 'UINTEGER', [...ports]),
        ({ port }) => port,
      ),
    );
  }
  if (processes !== null) side('either', processTest([...processes], parameters));
  if (!filter.system && [...context.workloads.values()].some(({ system }) => system)) {
    conditions.push({ on: 'neither', test: idTest((workload) => workload.system, context) });
  }
  if (reasons !== null) {
    const numbers = Object.entries(REASON_NAMES)
      .filter(([, name]) => reasons.has(name))
      .map(([number]) => number);
    conditions.push({
      on: 'item',
      test: ({ reason }) => (numbers.length === 0 ? 'false' : `${reason} IN (${numbers.join(', ')})`),
    });
  }
  if (!filter.closed)
    conditions.push({ on: 'item', test: ({ event }) => `${event} = ${RecordEvent.FAILED}` });
  if (!filter.failed)
    conditions.push({ on: 'item', test: ({ event }) => `${event} <> ${RecordEvent.FAILED}` });
  return conditions;
}

/** Whether a connection meets a condition. */
export function conditionSql(condition: Condition, item: ItemSql): string {
  switch (condition.on) {
    case 'source':
      return condition.test(item.source);
    case 'destination':
      return condition.test(item.destination);
    case 'either':
      return `(${condition.test(item.source)} OR ${condition.test(item.destination)})`;
    case 'neither':
      return `NOT (${condition.test(item.source)} OR ${condition.test(item.destination)})`;
    case 'item':
      return condition.test(item);
  }
}

/** Whether the word of the destination's own row can change the outcome for a row of the source. */
export const needsDestination = (condition: Condition): boolean =>
  condition.on !== 'source' && condition.on !== 'item';

/**
 * Whether a row alone may stand for a connection that meets all conditions: certainly true when it does. `rows` is a
 * relation that holds the partners of the rows looked at.
 */
export function candidateSql(conditions: readonly Condition[], row: string, rows: string): string {
  const fromSource = conditions.map((condition) => sourceCandidate(condition, row, rows));
  const fromDestination = conditions.map((condition) => conditionSql(condition, destinationAlone(row)));
  const all = (reporter: number, parts: readonly string[]): string =>
    `(${[`${row}.reporter = ${reporter}`, ...parts].join(' AND ')})`;
  if (conditions.length === 0) return 'true';
  return `(${all(Reporter.SOURCE, fromSource)} OR ${all(Reporter.DESTINATION, fromDestination)})`;
}

/** Whether a row of the source may stand for a connection that meets a condition, be it by the destination's word. */
function sourceCandidate(condition: Condition, row: string, rows: string): string {
  const alone = conditionSql(condition, sourceAlone(row));
  switch (condition.on) {
    case 'source':
    case 'item':
      return alone;
    case 'neither':
      return `(${alone} OR (${row}.join_key <> 0 AND NOT (${condition.test(own(row))})))`;
    case 'destination':
    case 'either':
      return `(${alone} OR ${row}.join_key IN (SELECT p.join_key FROM ${rows} AS p WHERE p.reporter = ${
        Reporter.DESTINATION
      } AND p.join_key <> 0 AND ${condition.test(own('p'))}))`;
  }
}

/** Binds values once, however often the predicate is used. */
function bound(list: (column: string) => string, column: (side: SideSql) => string | null): SidePredicate {
  const MARK = '\u0000';
  const template = list(MARK);
  return (side) => {
    const name = column(side);
    return name === null ? 'false' : template.replaceAll(MARK, name);
  };
}

function idTest(
  test: (workload: Workload) => boolean,
  { parameters, workloads }: ConditionContext,
): SidePredicate {
  const ids = [UNKNOWN_WORKLOAD, ...workloads.values()].filter(test).map(({ id }) => id);
  return bound(
    (column) => parameters.in(column, 'UINTEGER', ids),
    ({ workload }) => workload,
  );
}

const workloadTest = (
  wanted: readonly WorkloadPattern[] | null,
  context: ConditionContext,
): SidePredicate | null =>
  wanted === null ? null : idTest((workload) => isNamed(workload, wanted), context);

function addressTest(addresses: readonly string[], parameters: SqlParameters): SidePredicate {
  const tests = addresses.map((text) => {
    const words = parseAddress(text) ?? new Uint32Array(4);
    const bytes = Buffer.alloc(16);
    words.forEach((word, at) => {
      bytes.writeUInt32BE(word, at * 4);
    });
    const low = parameters.bind('UBIGINT', bytes.readBigUInt64LE(0));
    const high = parameters.bind('UBIGINT', bytes.readBigUInt64LE(8));
    const short = isIpv4Words(words) ? parameters.bind('UBIGINT', BigInt(bytes.readUInt32LE(12))) : null;
    return ({ address: [first, second], family }: SideSql): string => {
      const long = `(${first} = ${low} AND ${second} = ${high} AND ${family} = ${AddressFamily.IPV6})`;
      if (short === null) return long;
      return `((${first} = ${short} AND ${second} = 0 AND ${family} <> ${AddressFamily.IPV6}) OR ${long})`;
    };
  });
  return (side) => `(${tests.map((test) => test(side)).join(' OR ')})`;
}

function processTest(processes: readonly string[], parameters: SqlParameters): SidePredicate {
  const tests = processes.map((name) => {
    const bytes = Buffer.alloc(16);
    const text = Buffer.from(name, 'utf8');
    if (text.length > 15) return null;
    text.copy(bytes);
    const low = parameters.bind('UBIGINT', bytes.readBigUInt64LE(0));
    const high = parameters.bind('UBIGINT', bytes.readBigUInt64LE(8));
    return ([first, second]: readonly [string, string]): string =>
      `(${first} = ${low} AND ${second} = ${high})`;
  });
  return ({ process }) => {
    const parts = process === null ? [] : tests.flatMap((test) => (test === null ? [] : [test(process)]));
    return parts.length === 0 ? 'false' : `(${parts.join(' OR ')})`;
  };
}
