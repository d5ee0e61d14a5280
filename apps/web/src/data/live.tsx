// SPDX-License-Identifier: Apache-2.0
'use client';

import type { ConnectionsQuery, Problem, TopologyQuery } from '@undermesh/schema';
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import {
  EMPTY_FEED,
  EMPTY_PULSE,
  type Feed,
  type LiveData,
  type LiveTopic,
  STALE_AFTER_SECONDS,
} from '@/domain/live';
import { addressOf, type Query } from './client';
import { type Link, LiveStore } from './live-store';

const Store = createContext<LiveStore | null>(null);

/** Holds the page's one live connection. Wraps everything. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const [store] = useState(() => new LiveStore());
  useEffect(() => store.start(), [store]);
  return <Store value={store}>{children}</Store>;
}

const useStore = (): LiveStore => {
  const store = useContext(Store);
  if (store === null) throw new Error('Live data is used outside of LiveProvider.');
  return store;
};

export interface LiveQueries {
  status: undefined;
  engines: undefined;
  topology: TopologyQuery;
  connections: ConnectionsQuery;
}

export interface Live<T> {
  /** The last picture: it stays while a new query is on its way, while reconnecting and after errors. */
  data: T | null;
  /** The picture belongs to an earlier query; the new one is on its way. */
  pending: boolean;
  /** Epoch milliseconds of the last message. */
  receivedAt: number | null;
  problem: Problem | null;
}

/**
 * Live data of a topic. `query` may be a new object on every render: it is compared by content. `null` as query listens
 * to nothing and keeps the last picture.
 */
export function useLive<T extends LiveTopic>(topic: T, query?: LiveQueries[T] | null): Live<LiveData[T]> {
  const store = useStore();
  const paused = query === null;
  const key = addressOf(topic, (query ?? {}) as Query);
  const subscribe = useCallback(
    (listener: () => void) => (paused ? () => {} : store.subscribe(topic, parametersOf(key), listener)),
    [store, topic, key, paused],
  );
  const snapshot = useCallback(
    () => (paused ? EMPTY_FEED : store.feed(topic, parametersOf(key))),
    [store, topic, key, paused],
  );
  const feed = useSyncExternalStore(subscribe, snapshot, () => EMPTY_FEED) as Feed<LiveData[T]>;
  const last = useRef<LiveData[T] | null>(null);
  useEffect(() => {
    if (feed.data !== null) last.current = feed.data;
  }, [feed]);
  return {
    data: feed.data ?? last.current,
    pending: feed.data === null && !paused,
    receivedAt: feed.receivedAt,
    problem: feed.problem,
  };
}

/** The query back from its key, with numbers and booleans as the schema wants them. */
const parametersOf = (key: string): Query => {
  const start = key.indexOf('?');
  if (start === -1) return {};
  return Object.fromEntries(
    [...new URLSearchParams(key.slice(start + 1))].map(([name, value]) => {
      if (value === 'true' || value === 'false') return [name, value === 'true'];
      return [name, NUMERIC.has(name) ? Number(value) : value];
    }),
  );
};
const NUMERIC = new Set(['window', 'limit', 'maxVertices', 'maxEdges']);

/** Engines of all nodes: at once when one changed, at least once a second. `null` listens to nothing. */
export const useEngines = (asked?: null): Live<LiveData['engines']> => useLive('engines', asked);

/** The collector's status, once a second. */
export const useStatus = (): Live<LiveData['status']> => useLive('status');

const NO_LINK: Link = {
  phase: 'connecting',
  retryAt: null,
  statusAt: null,
  interval: null,
  pulse: EMPTY_PULSE,
  problem: null,
};

/** State of the connection itself. */
export const useLink = (): Link => {
  const store = useStore();
  return useSyncExternalStore(store.onLink, store.link, () => NO_LINK);
};

export const useReconnect = (): (() => void) => useStore().reconnect;

/** The browser's clock, in epoch milliseconds, moving every `seconds`. 0 until mounted. */
export const useNow = (seconds = 1): number => {
  const [now, setNow] = useState(0);
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds]);
  return now;
};

export interface Freshness {
  link: Link;
  /** Seconds since the last status; `null` before the first. */
  age: number | null;
  /** Three intervals without news: figures are grey and say their age. */
  stale: boolean;
  /** Whole seconds to the next try. */
  retryIn: number | null;
}

/** How old the picture is, ticking once a second. */
export const useFreshness = (): Freshness => {
  const link = useLink();
  const now = useNow(1);
  // Between updates the picture is at most as old as they are apart: steadier than where our own tick happens to fall.
  const since = link.statusAt === null || now === 0 ? null : Math.max(0, (now - link.statusAt) / 1000);
  const age = since === null ? null : Math.max(since, Math.min(link.interval ?? 0, STALE_AFTER_SECONDS));
  const limit = link.phase === 'polling' ? 15 : STALE_AFTER_SECONDS;
  return {
    link,
    age,
    stale: age !== null && age > limit,
    retryIn: link.retryAt === null || now === 0 ? null : Math.max(0, Math.ceil((link.retryAt - now) / 1000)),
  };
};
