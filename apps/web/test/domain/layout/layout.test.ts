// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { layOut } from '../../../src/domain/layout/layout';
import type { Layout, LayoutInput, Rect } from '../../../src/domain/layout/types';
import { BOOKSHOP, graph, mesh, random } from './graphs';

const overlap = (a: Rect, b: Rect) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const inside = (inner: Rect, outer: Rect) =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;

function expectSound(layout: Layout, input: LayoutInput) {
  expect(layout.vertices.map((v) => v.id).sort()).toEqual(input.vertices.map((v) => v.id).sort());
  expect(layout.routes.map((r) => r.id).sort()).toEqual(input.edges.map((e) => e.id).sort());
  const plates = new Map(layout.plates.map((p) => [p.key, p]));
  layout.vertices.forEach((a, i) => {
    for (const b of layout.vertices.slice(i + 1)) {
      if (overlap(a, b)) throw new Error(`cards ${a.id} and ${b.id} overlap`);
    }
    for (const plate of layout.plates) {
      if (plate.key === a.plate ? !inside(a, plate) : overlap(a, plate)) {
        throw new Error(`card ${a.id} against plate ${plate.key}`);
      }
    }
    if (a.plate !== null) expect(plates.has(a.plate)).toBe(true);
  });
  layout.plates.forEach((a, i) => {
    for (const b of layout.plates.slice(i + 1)) {
      if (overlap(a, b)) throw new Error(`plates ${a.key} and ${b.key} overlap`);
    }
  });
  for (const route of layout.routes) {
    expect(route.path.every(Number.isFinite)).toBe(true);
    expect((route.path.length - 2) % 6).toBe(0);
  }
}
const places = (layout: Layout) => new Map(layout.vertices.map((v) => [v.id, `${v.x} ${v.y}`]));

describe('a fresh layout', () => {
  test('of the shop flows from left to right inside plates', () => {
    const layout = layOut(BOOKSHOP);
    expectSound(layout, BOOKSHOP);
    const x = (id: string) => layout.vertices.find((v) => v.id === id)?.x ?? 0;
    for (const edge of BOOKSHOP.edges) expect(x(edge.source)).toBeLessThan(x(edge.destination));
    expect(layout.plates.map((p) => p.name).sort()).toEqual([
      'checkout',
      'data',
      'edge',
      'outside the mesh',
      'shop',
    ]);
    expect(layout.plates.find((p) => p.external)?.x).toBe(Math.max(...layout.plates.map((p) => p.x)));
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('never overlaps cards or plates (seed %i)', (seed) => {
    const next = random(seed);
    const count = 5 + Math.floor(next() * 90);
    const edges = Math.min(count * 3, Math.floor(count * (0.5 + next() * 2)));
    const plates = seed % 3 === 0 ? 0 : 1 + Math.floor(next() * 12);
    const input = mesh({ count, edges, plates, seed });
    expectSound(layOut(input), input);
  });

  test('is the same whatever the order of arrival', () => {
    const input = mesh({ count: 60, edges: 120, plates: 6 });
    const turned = { ...input, vertices: [...input.vertices].reverse(), edges: [...input.edges].reverse() };
    expect(layOut(turned)).toEqual(layOut(input));
  });

  test('copes with cycles, self-loops, both ways and unconnected parts', () => {
    const input = graph(
      ['a.x>b.x', 'b.x>c.y', 'c.y>a.x', 'd.z>d.z', 'e.z>f.z', 'f.z>e.z', 'g>h', 'h>g', 'p.!>a.x', 'c.y>q.!'],
      ['alone.w', 'lonely'],
    );
    expectSound(layOut(input), input);
  });

  test('puts callers from outside at the left', () => {
    const layout = layOut(graph(['user.!>web.shop', 'web.shop>db.shop']));
    const plate = layout.plates.find((p) => p.external);
    expect(plate?.x).toBe(Math.min(...layout.plates.map((p) => p.x)));
  });

  test('of nothing is empty', () => {
    expect(layOut(graph([]))).toMatchObject({ vertices: [], plates: [], routes: [], width: 0, height: 0 });
  });

  test.each([
    ['40 namespaces', { count: 40, edges: 71, plates: 0 }, 120],
    ['300 workloads', { count: 300, edges: 1000, plates: 30 }, 1000],
    ['300 namespaces', { count: 300, edges: 1000, plates: 0 }, 1000],
  ])('of %s is quick', (_, options, limit) => {
    const input = mesh(options);
    // best of three: the machine may be busy with something else
    const took = [9, 1, 1].map((seed) => {
      const start = performance.now();
      layOut(mesh({ ...options, seed }));
      return performance.now() - start;
    });
    expect(Math.min(...took)).toBeLessThan(limit);
    const layout = layOut(input);
    expectSound(layout, input);
  });
});

describe('the next layout', () => {
  const input = mesh({ count: 60, edges: 110, plates: 6 });
  const first = layOut(input);

  test('leaves everything where it was when nothing changed', () => {
    expect(layOut(input, first)).toMatchObject({ vertices: first.vertices, plates: first.plates });
  });

  test.each([1, 2, 3, 4])('places new vertices without moving the rest (seed %i)', (seed) => {
    const next = random(seed);
    const fewer = {
      ...input,
      vertices: input.vertices.filter(() => next() > 0.3),
    };
    const kept = new Set(fewer.vertices.map((v) => v.id));
    fewer.edges = input.edges.filter((e) => kept.has(e.source) && kept.has(e.destination));
    const before = layOut(fewer);
    const after = layOut(input, before);
    expectSound(after, input);
    for (const [id, at] of places(before)) expect(places(after).get(id)).toBe(at);
  });

  test('leaves a gap where a vertex went', () => {
    const gone = input.vertices[7]?.id ?? '';
    const fewer = {
      ...input,
      vertices: input.vertices.filter((v) => v.id !== gone),
      edges: input.edges.filter((e) => e.source !== gone && e.destination !== gone),
    };
    const after = layOut(fewer, first);
    expectSound(after, fewer);
    for (const [id, at] of places(after)) expect(places(first).get(id)).toBe(at);
    const back = layOut(input, after);
    for (const [id, at] of places(after)) expect(places(back).get(id)).toBe(at);
  });

  test('starts anew when too little is known', () => {
    const other = mesh({ count: 40, edges: 60, plates: 4, seed: 5 });
    const renamed = { ...other, vertices: other.vertices.map((v) => ({ ...v, id: `${v.id}x` })), edges: [] };
    expectSound(layOut(renamed, first), renamed);
  });
});
