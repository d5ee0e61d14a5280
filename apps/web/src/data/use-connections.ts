// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Connection, Connections, ConnectionsQuery } from '@undermesh/schema';
import { useCallback, useEffect, useRef, useState } from 'react';
import {
  appendConnections,
  type ConnectionList,
  EMPTY_LIST,
  firstConnections,
  takeConnections,
} from '@/domain/connection-list';
import { addressOf, getJson, type Query } from './client';
import { useLink, useLive } from './live';
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
  const question = `${window} ${key}`;
  const [list, setList] = useState<ConnectionList>(EMPTY_LIST);
  const cursor = useRef<string | null>(null);
  const busy = useRef(false);

  const holding = useRef(hold);
  useEffect(() => {
    holding.current = hold;
  }, [hold]);

  // A new answer to a new question replaces the rows; until then the old ones stay. A second answer to the same
  // question must not move rows that are held.
  const answered = useRef('');
  useEffect(() => {
    if (first.data === null || first.pending) return;
    const { items, next } = first.data;
    const again = answered.current === question;
    answered.current = question;
    if (again && holding.current) {
      setList((old) => takeConnections(old, items, true));
      return;
    }
    cursor.current = next;
    setList(firstConnections({ items, next }));
  }, [first.data, first.pending, question]);

  // What opened while the live connection was gone is asked for once it is back.
  const isLive = useLink().phase === 'live';
  const wasLive = useRef<boolean | null>(null);
  const { reload } = first;
  useEffect(() => {
    if (isLive && wasLive.current === false) reload();
    wasLive.current = isLive ? true : wasLive.current === null ? null : false;
  }, [isLive, reload]);

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
        setList((old) => appendConnections(old, answer));
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
