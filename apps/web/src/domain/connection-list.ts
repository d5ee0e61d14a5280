// SPDX-License-Identifier: Apache-2.0
import type { Connection } from '@undermesh/schema';

/** The rows of the live table: what is shown, and what came while it was held still. Newest first. */
export interface ConnectionList {
  shown: readonly Connection[];
  waiting: readonly Connection[];
  /** Nothing older is left to load. */
  complete: boolean;
}
export const EMPTY_LIST: ConnectionList = { shown: [], waiting: [], complete: false };

/** Rows kept while following; what was loaded by scrolling down is kept on top of it while held. */
export const FOLLOWED_ROWS = 1000;

const newestFirst = (a: Connection, b: Connection): number =>
  a.openedAt < b.openedAt ? 1 : a.openedAt > b.openedAt ? -1 : 0;

/** Exchanges rows for their later versions; gives back what was not among them. */
const exchange = (
  rows: readonly Connection[],
  news: Map<string, Connection>,
): { rows: readonly Connection[]; changed: boolean } => {
  let changed = false;
  const next = rows.map((row) => {
    const later = news.get(row.id);
    if (later === undefined) return row;
    news.delete(row.id);
    if (later === row || (later.state === row.state && row.state !== 'open')) return row;
    changed = true;
    return later;
  });
  return changed ? { rows: next, changed } : { rows, changed };
};

/**
 * Takes in what the live feed holds. Rows that are shown change in place. New ones go where their opening belongs, or
 * wait when `hold`. Ones older than everything shown belong to a page that is not loaded and are left out, if there is one.
 */
export const takeConnections = (
  list: ConnectionList,
  feed: readonly Connection[],
  hold: boolean,
): ConnectionList => {
  const news = new Map(feed.map((item) => [item.id, item]));
  const shown = exchange(list.shown, news);
  const waiting = exchange(list.waiting, news);
  const oldest = list.complete ? '' : (list.shown.at(-1)?.openedAt ?? '');
  const fresh = [...news.values()].filter((item) => item.openedAt >= oldest);
  if (hold) {
    if (fresh.length === 0 && !shown.changed && !waiting.changed) return list;
    return { ...list, shown: shown.rows, waiting: [...fresh, ...waiting.rows].sort(newestFirst) };
  }
  if (fresh.length === 0 && waiting.rows.length === 0) {
    return shown.changed ? { ...list, shown: shown.rows, waiting: [] } : list;
  }
  const all = [...fresh, ...waiting.rows, ...shown.rows].sort(newestFirst);
  return {
    shown: all.slice(0, FOLLOWED_ROWS),
    waiting: [],
    complete: list.complete && all.length <= FOLLOWED_ROWS,
  };
};

/** A page of the API's answer. */
interface Page {
  items: readonly Connection[];
  next: string | null;
}

/** The first page. The API gives ended connections by their end; the table goes by their opening throughout. */
export const firstConnections = ({ items, next }: Page): ConnectionList => ({
  shown: [...items].sort(newestFirst),
  waiting: [],
  complete: next === null,
});

/** A further page of older rows. */
export const appendConnections = (list: ConnectionList, { items, next }: Page): ConnectionList => {
  const known = new Set(list.shown.map((row) => row.id));
  const added = items.filter((row) => !known.has(row.id));
  return { ...list, shown: [...list.shown, ...added].sort(newestFirst), complete: next === null };
};
