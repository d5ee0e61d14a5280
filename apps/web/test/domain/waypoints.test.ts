// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { isWaypoint, waypointsKey, waypointsOf } from '@/domain/waypoints';
import { connection, edge, topology } from '../fixtures';

it('knows waypoints by the edges that go through them', () => {
  const none = { count: 0, p50: null, p90: null, p95: null, p99: null };
  const via = {
    id: 'w',
    name: 'way',
    namespace: 'shop',
    timed: 0,
    waypointUs: none,
    time: null,
    share: null,
  };
  const key = waypointsKey(topology({ edges: [edge('a', { via }), edge('b', { via }), edge('c')] }));
  expect(key).toBe('shop/way');
  const { destination } = connection('one', 1);
  expect(isWaypoint({ ...destination, workload: 'way' }, waypointsOf(key))).toBe(true);
  expect(isWaypoint(destination, waypointsOf(key))).toBe(false);
  expect(waypointsOf(waypointsKey(null)).size).toBe(0);
});
