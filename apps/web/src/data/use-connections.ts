// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Connection, Connections, ConnectionsQuery } from '@undermesh/schema';
import { useCallback, useEffect, useRef, useState } from 'react';
import {
  appendConnections,
  type ConnectionList,
  EMPTY_LIST,
  takeConnections,
} from '@/domain/connection-list';
import { addressOf, getJson, type Query } from './client';
import { useLive } from './live';
import { type Fetched, useFetch } from './use-fetch';

const PAGE = 200;

export interface ConnectionRows {
  rows: readonly Connection[];
  /** Came while the rows were held. */
  waiting: number;
  /** Left out by the server because there were too many a second. */
  skipped: number;
  show: () => void;
  loadMore: () => void;
  first: Fetched<Connections>;
}

/** Connections that match, newest first and followed live. `hold` keeps the rows still; what comes is counted. */
export const useConnections = (query: ConnectionsQuery, window: number, hold: boolean): ConnectionRows => {
  const first = useFetch<Connections>('/api/v1/connections', { ...query, window, limit: PAGE });
  const live = useLive('connections', query);
  const key = addressOf('', query as Query);
  const [list, setList] = useState<ConnectionList>(EMPTY_LIST);
  const cursor = useRef<string | null>(null);
  const busy = useRef(false);

  // A new answer to a new question replaces the rows; until then the old ones stay.
  useEffect(() => {
    if (first.data === null) return;
    cursor.current = first.data.next;
    setList({ shown: first.data.items, waiting: [] });
  }, [first.data]);

  useEffect(() => {
    if (live.data === null || live.pending || first.pending || first.data === null) return;
    const { items } = live.data;
    setList((old) => takeConnections(old, items, hold));
  }, [live.data, live.pending, first.pending, first.data, hold]);

  const loadMore = useCallback(() => {
    if (cursor.current === null || busy.current) return;
    busy.current = true;
    const asked = cursor.current;
    void (async () => {
      try {
        const answer = await getJson<Connections>(
          `${addressOf('/api/v1/connections', { window, limit: PAGE, cursor: asked })}${key.replace('?', '&')}`,
        );
        if (cursor.current !== asked) return;
        cursor.current = answer.next;
        setList((old) => appendConnections(old, answer.items));
      } catch {
        // The next scroll asks again.
      } finally {
        busy.current = false;
      }
    })();
  }, [key, window]);

  const show = useCallback(() => setList((old) => takeConnections(old, [], false)), []);
  return {
    rows: list.shown,
    waiting: list.waiting.length,
    skipped: live.data?.skipped ?? 0,
    show,
    loadMore,
    first,
  };
};
