// SPDX-License-Identifier: Apache-2.0
import type { Connection, ConnectionDetail, Connections, ConnectionsQuery } from '@undermesh/schema';
import { connectionDetail } from './connection-detail.js';
import { type ConnectionFilter, isInWindow, matchesFilter, parseFilter } from './connection-filter.js';
import { parseEndId } from './connection-id.js';
import { connectionOf, pairOf, type WorkloadNames } from './connection-item.js';
import { decodeCursor, encodeCursor, type PageCursor, type RowKey } from './cursor.js';
import { isSource, isWithinJoinWindow, joinKey } from './end.js';
import type { EndSource, StoredEnd } from './end-source.js';
import { histogramOf, histogramWindow } from './histogram-window.js';

const DEFAULT_LIMIT = 100;
const MAX_CANDIDATES = 16_384;

/** A connection and the row that stands for it. */
interface PlacedConnection {
  readonly connection: Connection;
  readonly key: RowKey;
}

/** Answers GET /connections for connections that have ended, newest end first. */
export async function listConnections(
  source: EndSource,
  query: ConnectionsQuery,
  names: WorkloadNames,
): Promise<Connections> {
  const given = parseFilter(query);
  const cursor = query.cursor === undefined ? null : decodeCursor(query.cursor);
  const filter = cursor === null ? given : { ...given, fromNs: cursor.fromNs };
  if (!filter.closed && !filter.failed) return { items: [], next: null, matched: 0, histogram: null };
  const asOf = cursor?.asOf ?? source.lastBatch;
  const page = await readPage(source, { filter, asOf, cursor, limit: query.limit ?? DEFAULT_LIMIT, names });
  const counted =
    cursor === null && isPage(query)
      ? await countAll(source, filter, { asOf, histogram: query.histogram ?? false })
      : null;
  return {
    items: page.items.map(({ connection }) => connection),
    next: page.next === null ? null : encodeCursor({ asOf, fromNs: filter.fromNs, after: page.next }),
    matched: counted?.matched ?? null,
    histogram: counted?.histogram ?? null,
  };
}

/** Answers GET /connections/{id} from what is stored; `null` when it is not. Takes the id of either end. */
export async function findConnection(
  source: EndSource,
  id: string,
  names: WorkloadNames,
): Promise<ConnectionDetail | null> {
  const identity = parseEndId(id);
  const end = identity === null ? null : await source.find(identity);
  if (end === null) return null;
  const partners = new PartnerIndex(await source.partners([end], source.lastBatch));
  return connectionDetail(pairOf(end, partners.of(end)), names);
}

/** Whether it is a page that is asked for, not an export, which counts its lines as it writes them. */
export const isPage = ({ format }: ConnectionsQuery): boolean => format === undefined || format === 'json';

interface PageRequest {
  readonly filter: ConnectionFilter;
  readonly asOf: number;
  readonly cursor: PageCursor | null;
  readonly limit: number;
  readonly names: WorkloadNames;
}

async function readPage(
  source: EndSource,
  { filter, asOf, cursor, limit, names }: PageRequest,
): Promise<{ items: PlacedConnection[]; next: RowKey | null }> {
  const items: PlacedConnection[] = [];
  let after = cursor?.after ?? null;
  for (let wanted = limit * 2 + 16; ; wanted = Math.min(wanted * 2, MAX_CANDIDATES)) {
    const found = await source.candidates({ filter, asOf, after, limit: wanted });
    const partners = new PartnerIndex(await source.partners(found.ends, asOf));
    for (const end of found.ends) {
      const partner = partners.of(end);
      if (partner !== null && !isSource(end)) continue;
      if (!isInWindow(end.timeNs, filter)) continue;
      const connection = connectionOf(pairOf(end, partner), names);
      if (!matchesFilter(connection, filter)) continue;
      if (items.length === limit) return { items, next: items[limit - 1]?.key ?? null };
      items.push({ connection, key: end.key });
    }
    if (found.next === null) return { items, next: null };
    after = found.next;
  }
}

async function countAll(
  source: EndSource,
  filter: ConnectionFilter,
  { asOf, histogram }: { asOf: number; histogram: boolean },
): Promise<Pick<Connections, 'matched' | 'histogram'>> {
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const { oldestNs, behindNs } = source;
  const window = histogram ? histogramWindow(filter.fromNs ?? oldestNs ?? nowNs, filter.toNs ?? nowNs) : null;
  const counts = await source.count({ filter, asOf, window });
  return {
    matched: counts.matched,
    histogram: window === null ? null : histogramOf(window, counts, { oldestNs, behindNs }),
  };
}

/** Finds the other end of a connection among ends that share its join key. */
export class PartnerIndex {
  readonly #byKey = new Map<bigint, StoredEnd[]>();

  constructor(ends: readonly StoredEnd[]) {
    for (const end of ends) {
      const key = joinKey(end.value);
      const known = this.#byKey.get(key);
      if (known === undefined) this.#byKey.set(key, [end]);
      else known.push(end);
    }
  }

  /** The end of the other side that lies nearest in time, `null` when none is near enough. */
  of(end: StoredEnd): StoredEnd | null {
    const key = joinKey(end.value);
    if (key === 0n) return null;
    let best: StoredEnd | null = null;
    for (const other of this.#byKey.get(key) ?? []) {
      if (other.value.reporter === end.value.reporter) continue;
      if (!isWithinJoinWindow(other.timeNs, end.timeNs)) continue;
      if (best === null || distance(other, end) < distance(best, end)) best = other;
    }
    return best;
  }
}

const distance = (a: StoredEnd, b: StoredEnd): bigint =>
  a.timeNs > b.timeNs ? a.timeNs - b.timeNs : b.timeNs - a.timeNs;
