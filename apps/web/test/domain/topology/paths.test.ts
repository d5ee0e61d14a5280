// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { layOut } from '../../../src/domain/layout/layout';
import { layoutInput, shapeKey } from '../../../src/domain/topology/layout-input';
import { parseTarget, pathThrough, targetText } from '../../../src/domain/topology/paths';
import { domainOf, edgeWidth, RAMP, rampStep, topRate } from '../../../src/domain/topology/scale';
import { hideText, viewOf } from '../../../src/domain/topology/view';
import { walk } from '../../../src/domain/topology/walk';
import { SHOP } from './fixtures';

test('the path through an edge runs from its first callers to its last targets', () => {
  const path = pathThrough(SHOP.edges, { kind: 'edge', id: 'front>orders' });
  expect([...(path?.edges ?? [])].sort()).toEqual(['front>orders', 'ingress>front', 'orders>bank']);
  expect(path?.vertices.has('catalogue')).toBe(false);
});

test('the path through a vertex, also in a cycle', () => {
  const back = {
    ...(SHOP.edges[0] as (typeof SHOP.edges)[number]),
    id: 'back',
    source: 'db',
    destination: 'front',
  };
  const path = pathThrough([...SHOP.edges, back], { kind: 'vertex', id: 'catalogue' });
  expect(path?.edges.has('ingress>front')).toBe(true);
  expect(path?.edges.has('back')).toBe(true);
  expect(pathThrough(SHOP.edges, { kind: 'edge', id: 'gone' })).toBeNull();
});

test('a target survives the URL', () => {
  for (const target of [{ kind: 'edge', id: 'workload/a/b>workload/c:d' } as const, null]) {
    expect(parseTarget(targetText(target))).toEqual(target);
  }
  expect(parseTarget('nonsense')).toBeNull();
});

test('arrows follow edges, then columns', () => {
  const layout = layOut(layoutInput(SHOP, { width: 1440, height: 800 }));
  const go = (from: string | null, direction: Parameters<typeof walk>[1]) =>
    walk({ layout, edges: SHOP.edges, from: from === null ? null : { kind: 'vertex', id: from } }, direction)
      ?.id;
  expect(go(null, 'right')).toBe('ingress');
  expect(go('ingress', 'right')).toBe('front');
  expect(go('front', 'left')).toBe('ingress');
  expect(['catalogue', 'orders']).toContain(go('front', 'right'));
  const end = walk({ layout, edges: SHOP.edges, from: { kind: 'edge', id: 'orders>bank' } }, 'right');
  expect(end).toEqual({ kind: 'vertex', id: 'bank' });
});

test('width grows with the logarithm of the rate, from 1 to 7 px', () => {
  const top = topRate(SHOP.edges, SHOP.window);
  expect(top).toBe(1000);
  expect(edgeWidth(0, top)).toBe(1);
  expect(edgeWidth(1000, top)).toBe(7);
  const steps = [0.1, 1, 10, 100, 1000].map((rate) => edgeWidth(rate, top));
  expect([...steps].sort((a, b) => a - b)).toEqual(steps);
});

test('the ramp spans what is known and nothing else', () => {
  const domain = domainOf(SHOP.edges, 'connect', SHOP.window);
  expect(domain).toEqual({ min: 900, max: 7000 });
  expect(rampStep(900, domain, true)).toBe(0);
  expect(rampStep(7000, domain, true)).toBe(RAMP.length - 1);
  expect(rampStep(null, domain, true)).toBeNull();
  expect(domainOf(SHOP.edges, 'rtt', SHOP.window)).toBeNull();
});

test('a layout is asked for when the shape changes, not the figures', () => {
  const busier = {
    ...SHOP,
    edges: SHOP.edges.map((edge) => ({ ...edge, traffic: { ...edge.traffic, opened: 1 } })),
  };
  expect(shapeKey(busier)).toBe(shapeKey(SHOP));
  expect(shapeKey({ ...SHOP, edges: SHOP.edges.slice(1) })).not.toBe(shapeKey(SHOP));
});

test('the view comes from the URL; what is unknown becomes the default', () => {
  const view = viewOf(
    new URLSearchParams('level=node&colour=rtt&hide=rate<1;ns:x&sel=vertex:a&view=table&label=no'),
  );
  expect(view).toMatchObject({
    level: 'node',
    colour: 'rtt',
    label: 'rate-p99',
    hide: ['rate<1', 'ns:x'],
    selected: { kind: 'vertex', id: 'a' },
    as: 'table',
  });
  expect(viewOf(new URLSearchParams('level=moon')).level).toBe('workload');
  expect(hideText(['a', 'a', 'b;c'])).toBe('a;b c');
  expect(hideText([])).toBeNull();
});
