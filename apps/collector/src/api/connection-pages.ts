// SPDX-License-Identifier: Apache-2.0
import type { Connection, Connections, ConnectionsQuery } from '@undermesh/schema';
import { CollectorError } from '../errors.js';
import { parseFilter } from '../store/connection-filter.js';
import type { RecordStore } from '../store/store.js';
import type { OpenKey, OpenList } from './open-list.js';

const DEFAULT_LIMIT = 100;
/** Connections that one export holds at most, unless told otherwise. */
const EXPORT_LIMIT = 100_000;
const EXPORT_PAGE = 1000;

/** Where a list goes on: first come the open connections, then those that have ended. */
type Place = { readonly open: OpenKey } | { readonly ended: string | null };

/** One list out of what is open and what is stored. */
export class ConnectionPages {
  readonly #store: RecordStore;
  readonly #open: OpenList;
  readonly #exportLimit: number;

  constructor(store: RecordStore, open: OpenList, exportLimit = EXPORT_LIMIT) {
    this.#store = store;
    this.#open = open;
    this.#exportLimit = exportLimit;
  }

  /**
   * A page: open connections first (opened last first), then ended ones (ended last first). An open connection that
   * ends between two pages may come a second time, with the same id, among the ended.
   */
  async page(query: ConnectionsQuery): Promise<Connections> {
    const { cursor, ...rest } = query;
    const filter = parseFilter(query);
    const limit = query.limit ?? DEFAULT_LIMIT;
    const place = cursor === undefined ? null : decodePlace(cursor);
    const ended = filter.closed || filter.failed;
    const items: Connection[] = [];
    let openMatched = 0;
    if (filter.open && (place === null || 'open' in place)) {
      const page = this.#open.page({ filter, after: place?.open ?? null, limit });
      items.push(...page.items);
      openMatched = page.matched;
      if (page.next !== null || (ended && items.length >= limit)) {
        const counts = place === null && ended ? await this.#ended({ ...rest, limit: 1 }) : null;
        return {
          items,
          next: encodePlace(page.next === null ? { ended: null } : { open: page.next }),
          matched: place !== null ? null : ended ? plus(openMatched, counts?.matched ?? null) : openMatched,
          histogram: counts?.histogram ?? null,
        };
      }
    }
    if (!ended) return { items, next: null, matched: place === null ? openMatched : null, histogram: null };
    const left = limit - items.length;
    const from = place !== null && 'ended' in place ? place.ended : null;
    const stored = await this.#ended({ ...rest, limit: left, ...(from === null ? {} : { cursor: from }) });
    const shown = new Set(items.map(({ id }) => id));
    items.push(...stored.items.filter(({ id }) => !shown.has(id)));
    return {
      items,
      next: stored.next === null ? null : encodePlace({ ended: stored.next }),
      matched: place === null ? plus(openMatched, stored.matched) : null,
      histogram: stored.histogram,
    };
  }

  /** Everything that matches, up to the export's limit, each connection once. */
  async *all(query: ConnectionsQuery): AsyncGenerator<Connection> {
    const { cursor: _cursor, histogram: _histogram, ...rest } = query;
    const shown = new Set<string>();
    let left = this.#exportLimit;
    for (let cursor: string | null = null; ; ) {
      const limit = Math.min(left, EXPORT_PAGE);
      const page: Connections = await this.page({ ...rest, limit, ...(cursor === null ? {} : { cursor }) });
      for (const connection of page.items) {
        if (connection.state === 'open') shown.add(connection.id);
        else if (shown.has(connection.id)) continue;
        yield connection;
        if (--left === 0) return;
      }
      if (page.next === null) return;
      cursor = page.next;
    }
  }

  #ended(query: ConnectionsQuery): Promise<Connections> {
    const state = query.state === undefined || query.state === 'all' ? 'ended' : query.state;
    return this.#store.connections({ ...query, state });
  }
}

const plus = (a: number, b: number | null): number | null => (b === null ? null : a + b);

const encodePlace = (place: Place): string =>
  'open' in place
    ? `o${Buffer.from(`${place.open.openedNs}/${place.open.id}`).toString('base64url')}`
    : `e${place.ended ?? ''}`;

/** Throws CollectorError `cursor_invalid`. */
function decodePlace(cursor: string): Place {
  if (cursor.startsWith('e')) return { ended: cursor.length === 1 ? null : cursor.slice(1) };
  const [, openedNs, id] =
    /^(\d{1,20})\/([A-Za-z0-9_-]{32})$/.exec(Buffer.from(cursor.slice(1), 'base64url').toString()) ?? [];
  if (!cursor.startsWith('o') || openedNs === undefined || id === undefined) {
    throw new CollectorError('cursor_invalid', 'the cursor is not one of ours: ask for the first page again');
  }
  return { open: { openedNs: BigInt(openedNs), id } };
}
