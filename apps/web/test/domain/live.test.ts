// SPDX-License-Identifier: Apache-2.0
import type { LiveMessage } from '@undermesh/schema';
import { describe, expect, it } from 'vitest';
import {
  applyLive,
  backoffSeconds,
  type ConnectionsFeed,
  EMPTY_FEED,
  EMPTY_PULSE,
  type Feed,
  type LiveData,
  type LiveTopic,
  mergeConnections,
  PULSE_BARS,
  pushPulse,
} from '@/domain/live';
import { connection, edge, status, topology, vertex } from '../fixtures';

type AnyFeed = Feed<LiveData[LiveTopic]>;
const take = (feed: AnyFeed, ...messages: LiveMessage[]) =>
  messages.reduce((step, message) => applyLive(step.feed, message, 1), { feed, resync: false });

const snapshot: LiveMessage = {
  type: 'topology',
  id: '1',
  sequence: 0,
  data: topology({ vertices: [vertex('a'), vertex('b')], edges: [edge('ab')] }),
};
const delta = (sequence: number, change: object = {}): LiveMessage => ({
  type: 'topology-delta',
  id: '1',
  sequence,
  window: topology().window,
  hidden: topology().hidden,
  missingNodes: [],
  vertices: [],
  edges: [],
  removedVertices: [],
  removedEdges: [],
  ...change,
});

describe('topology', () => {
  it('changes, adds and removes by id and keeps the order of what stays', () => {
    const { feed, resync } = take(
      EMPTY_FEED,
      snapshot,
      delta(1, { vertices: [vertex('c'), vertex('a', { name: 'renamed' })], removedVertices: ['b'] }),
    );
    expect(resync).toBe(false);
    expect((feed.data as LiveData['topology']).vertices.map(({ id, name }) => `${id}:${name}`)).toEqual([
      'a:renamed',
      'c:c',
    ]);
    expect(feed.sequence).toBe(1);
  });

  it('asks again after a gap and keeps the old picture meanwhile', () => {
    const before = take(EMPTY_FEED, snapshot).feed;
    const { feed, resync } = applyLive(before, delta(2), 1);
    expect(resync).toBe(true);
    expect(feed).toBe(before);
  });

  it('asks again when a delta comes before any snapshot', () => {
    expect(applyLive(EMPTY_FEED, delta(0), 1).resync).toBe(true);
  });

  it('starts over with a new snapshot', () => {
    const { feed } = take(EMPTY_FEED, snapshot, delta(1), { ...snapshot, data: topology() } as LiveMessage);
    expect(feed.sequence).toBe(0);
    expect((feed.data as LiveData['topology']).vertices).toEqual([]);
  });
});

describe('connections', () => {
  const message = (sequence: number, items: ReturnType<typeof connection>[], skipped = 0): LiveMessage => ({
    type: 'connections',
    id: '1',
    sequence,
    items,
    skipped,
  });

  it('keeps the newest first and each connection once, with its latest state', () => {
    const { feed } = take(
      EMPTY_FEED,
      message(0, [connection('a', 1), connection('b', 2)]),
      message(1, [connection('a', 1, { state: 'closed' }), connection('c', 3)], 4),
    );
    const data = feed.data as ConnectionsFeed;
    expect(data.items.map(({ id, state }) => `${id} ${state}`)).toEqual(['c open', 'b open', 'a closed']);
    expect(data.skipped).toBe(4);
  });

  it('asks again after a gap', () => {
    expect(take(EMPTY_FEED, message(0, []), message(2, [])).resync).toBe(true);
  });

  it('keeps no more than it is told to', () => {
    const many = Array.from({ length: 9 }, (_, index) => connection(String(index), index));
    expect(mergeConnections([], many, 3).map(({ id }) => id)).toEqual(['8', '7', '6']);
  });
});

describe('status and errors', () => {
  it('takes any status as it comes: each is whole', () => {
    const { feed, resync } = take(EMPTY_FEED, { type: 'status', id: '1', sequence: 7, data: status() });
    expect(resync).toBe(false);
    expect(feed.sequence).toBe(7);
  });

  it('keeps the picture beside a problem, and forgets the problem with the next message', () => {
    const problem = { type: 'about:blank', title: 'No', status: 400, code: 'query_invalid' };
    const withProblem = take(EMPTY_FEED, snapshot, { type: 'error', id: '1', problem }).feed;
    expect(withProblem.problem?.code).toBe('query_invalid');
    expect(withProblem.data).not.toBeNull();
    expect(applyLive(withProblem, delta(1), 1).feed.problem).toBeNull();
  });
});

describe('freshness', () => {
  it('always has the same number of bars', () => {
    const pulse = pushPulse(pushPulse(EMPTY_PULSE, 1), null);
    expect(pulse).toHaveLength(PULSE_BARS);
    expect(pulse.slice(-2)).toEqual([1, null]);
  });

  it('waits longer with every try, but never more than half a minute', () => {
    const waits = Array.from({ length: 12 }, (_, index) => backoffSeconds(index + 1));
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(Math.max(...waits)).toBe(30);
  });
});
