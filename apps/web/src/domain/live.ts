// SPDX-License-Identifier: Apache-2.0
import type {
  Connection,
  Edge,
  Engines,
  LiveMessage,
  Problem,
  Status,
  Topology,
  Vertex,
} from '@undermesh/schema';

/**
 * The client's half of `/api/v1/live`, without sockets and clocks: a snapshot has sequence 0, deltas count up from 1, a
 * gap means the picture can no longer be trusted and the client has to subscribe again.
 */

/** Connections as they came, newest first, one entry per connection. */
export interface ConnectionsFeed {
  items: readonly Connection[];
  /** Left out by the server since the snapshot, because there were too many. */
  skipped: number;
}

export interface LiveData {
  status: Status;
  engines: Engines;
  topology: Topology;
  connections: ConnectionsFeed;
}
export type LiveTopic = keyof LiveData;

export interface Feed<T> {
  data: T | null;
  /** Of the last message taken in; -1 before the snapshot. */
  sequence: number;
  /** Epoch milliseconds of the last message. */
  receivedAt: number | null;
  problem: Problem | null;
}
export const EMPTY_FEED: Feed<never> = { data: null, sequence: -1, receivedAt: null, problem: null };

export interface Step {
  feed: Feed<LiveData[LiveTopic]>;
  /** A message was missed: subscribe again. The old picture stays until the new snapshot. */
  resync: boolean;
}

/** How many connections the feed keeps. */
export const CONNECTIONS_KEPT = 1000;

const byId = <T extends { id: string }>(
  old: readonly T[],
  changed: readonly T[],
  removed: readonly string[],
): T[] => {
  const gone = new Set(removed);
  const fresh = new Map(changed.map((item) => [item.id, item]));
  const kept = old
    .filter((item) => !gone.has(item.id))
    .map((item) => {
      const replacement = fresh.get(item.id);
      fresh.delete(item.id);
      return replacement ?? item;
    });
  return [...kept, ...fresh.values()];
};

/** Old connections and news (newest last) become one list, newest first, without doubles. */
export const mergeConnections = (
  old: readonly Connection[],
  news: readonly Connection[],
  kept = CONNECTIONS_KEPT,
): Connection[] => {
  const latest = new Map(news.map((item) => [item.id, item]));
  const updated = old.map((item) => {
    const replacement = latest.get(item.id);
    if (replacement !== undefined) latest.delete(item.id);
    return replacement ?? item;
  });
  const merged = [...latest.values()].concat(updated);
  merged.sort((a, b) => (a.openedAt < b.openedAt ? 1 : a.openedAt > b.openedAt ? -1 : 0));
  return merged.slice(0, kept);
};

/** Takes one message into a feed. Messages of other topics leave it as it is. */
export const applyLive = (feed: Feed<LiveData[LiveTopic]>, message: LiveMessage, now: number): Step => {
  if (message.type === 'error') return { feed: { ...feed, problem: message.problem }, resync: false };
  const got = { sequence: message.sequence, receivedAt: now, problem: null };
  const gap = message.sequence !== 0 && message.sequence !== feed.sequence + 1;
  switch (message.type) {
    case 'status':
    case 'engines':
      // Whole each time: a miss shows in the freshness bars, not in the data.
      return { feed: { ...got, data: message.data }, resync: false };
    case 'topology':
      return { feed: { ...got, data: message.data }, resync: false };
    case 'topology-delta': {
      const old = feed.data as Topology | null;
      if (gap || old === null) return { feed, resync: true };
      return {
        feed: {
          ...got,
          data: {
            ...old,
            window: message.window,
            hidden: message.hidden,
            missingNodes: message.missingNodes,
            vertices: byId<Vertex>(old.vertices, message.vertices, message.removedVertices),
            edges: byId<Edge>(old.edges, message.edges, message.removedEdges),
          },
        },
        resync: false,
      };
    }
    case 'connections': {
      if (gap) return { feed, resync: true };
      const old = message.sequence === 0 ? null : (feed.data as ConnectionsFeed | null);
      return {
        feed: {
          ...got,
          data: {
            items: mergeConnections(old?.items ?? [], message.items),
            skipped: (old?.skipped ?? 0) + message.skipped,
          },
        },
        resync: false,
      };
    }
  }
};

/** Seconds to wait before attempt n (from 1) to reconnect. */
export const backoffSeconds = (attempt: number): number => [1, 2, 3, 5, 8, 13, 20][attempt - 1] ?? 30;

/** One bar per update that should have come; `null` is a hole. Height 0 to 1. */
export type Pulse = readonly (number | null)[];
export const PULSE_BARS = 14;
export const EMPTY_PULSE: Pulse = Array.from({ length: PULSE_BARS }, () => null);
export const pushPulse = (pulse: Pulse, value: number | null): Pulse => [
  ...pulse.slice(1 - PULSE_BARS),
  value,
];

/** Status comes once a second; after three intervals without one the picture is stale. */
export const STATUS_INTERVAL_SECONDS = 1;
export const STALE_AFTER_SECONDS = 3 * STATUS_INTERVAL_SECONDS;
