// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { endsOf } from '@/domain/topology/edge-ends';
import { drawnOnce } from '@/domain/topology/legs';
import { edge, SHOP, topology, vertex } from './fixtures';

const none = { count: 0, p50: null, p90: null, p95: null, p99: null };
const via = {
  id: 'way',
  name: 'waypoint',
  namespace: 'shop',
  timed: 0,
  waypointUs: none,
  time: null,
  share: null,
};
const leg = { waypoint: 'way', joined: 10, answered: 0, notJoined: 0 };
const joined = edge('front', 'reviews', { via });
const toWaypoint = edge('front', 'way', { leg: { ...leg, side: 'client' } });
const fromWaypoint = edge('way', 'reviews', { leg: { ...leg, side: 'server' } });
const vertices = [vertex('front'), vertex('way'), vertex('reviews')];
const idsOf = (items: readonly { id: string }[]) => items.map(({ id }) => id);

it('draws requests through a waypoint once: joined, or along both legs', () => {
  const folded = drawnOnce(topology(vertices, [joined]), false);
  expect(idsOf(folded.vertices)).toEqual(['front', 'reviews']);
  expect(idsOf(folded.edges)).toEqual([joined.id]);
  const unfolded = drawnOnce(topology(vertices, [joined, toWaypoint, fromWaypoint]), true);
  expect(idsOf(unfolded.vertices)).toEqual(['front', 'way', 'reviews']);
  expect(idsOf(unfolded.edges)).toEqual([toWaypoint.id, fromWaypoint.id]);
});

it('leaves requests to a broader edge that a leg is part of', () => {
  const shop = vertex('shop', { level: 'namespace' });
  const within = edge('shop', 'shop');
  const through = edge('shop', 'shop', { id: 'shop>shop|shop', via: { ...via, id: 'shop' } });
  const drawn = drawnOnce(topology([shop], [within, through], { level: 'namespace' }), false);
  expect(idsOf(drawn.edges)).toEqual([within.id]);
  expect(idsOf(drawn.vertices)).toEqual(['shop']);
});

it('keeps a waypoint that something else ends at, and a mesh without one as it is', () => {
  const failing = drawnOnce(topology(vertices, [joined, toWaypoint]), false);
  expect(idsOf(failing.vertices)).toEqual(['front', 'way', 'reviews']);
  expect(drawnOnce(SHOP, false)).toBe(SHOP);
});

it('knows whose connections carry the requests of an edge', () => {
  const first = { source: 'shop/front', destination: 'shop/reviews' };
  expect(endsOf(edge('front', 'reviews'))).toEqual({ first, second: null });
  expect(endsOf(joined)).toEqual({
    first: { source: 'shop/front', destination: 'shop/waypoint' },
    second: { source: 'shop/waypoint', destination: 'shop/reviews' },
  });
});
