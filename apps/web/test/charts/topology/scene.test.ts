// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { fit, pan, reveal, toWorld, zoom } from '../../../src/charts/topology/camera';
import { changedItems } from '../../../src/charts/topology/changes';
import { pointAt, sample, withHead } from '../../../src/charts/topology/curve';
import type { Element } from '../../../src/charts/topology/elements';
import { hit, hitMap } from '../../../src/charts/topology/hit';
import { buildScene, type Item, type SceneInput } from '../../../src/charts/topology/scene';
import { layOut } from '../../../src/domain/layout/layout';
import { layoutInput } from '../../../src/domain/topology/layout-input';
import { TOKEN_NAMES, type Tokens } from '../../../src/theme/tokens';
import { SHOP, traffic, vertex } from '../../domain/topology/fixtures';

const tokens = Object.fromEntries(TOKEN_NAMES.map((name) => [name, `<${name}>`])) as Tokens;
const layout = layOut(layoutInput(SHOP, { width: 1440, height: 800 }));
const input = (more: Partial<SceneInput> = {}): SceneInput => ({
  level: 'workload',
  window: SHOP.window,
  layout,
  vertices: SHOP.vertices,
  edges: SHOP.edges,
  topRate: 100,
  found: { vertices: new Set(), edges: new Set() },
  engines: new Map(),
  colour: 'health',
  label: 'rate',
  selected: null,
  hovered: null,
  tokens,
  detail: 'full',
  scale: 1,
  measure: (text, size) => text.length * size * 0.55,
  hatch: null,
  ...more,
});
const of = (items: Item[], id: string): Element[] => items.find((item) => item.id === id)?.elements ?? [];
const line = (items: Item[], id: string) =>
  of(items, `edge ${id}`).findLast((element) => element.type === 'undermeshEdge');
const texts = (elements: Element[]) =>
  elements.flatMap((element) => (element.type === 'text' ? [element.style.text] : []));

describe('the scene', () => {
  test('draws plates, edges and cards with what qualifies them', () => {
    const scene = buildScene(input());
    expect(scene.filter(({ id }) => id.startsWith('plate'))).toHaveLength(5);
    expect(texts(of(scene, 'vertex front'))).toEqual(['front', '1.0/s']);
    expect(texts(of(scene, 'vertex catalogue'))).toContain('v2');
    expect(texts(of(scene, 'vertex orders'))).toContain('refused');
    expect(line(scene, 'front>orders')?.style).toMatchObject({ stroke: '<crit>' });
    expect(line(scene, 'ingress>front')?.style).toMatchObject({ stroke: '<edge>' });
  });

  test('says by dash and sign which engine steers, once any does', () => {
    const engines = new Map([
      ['shop-1', 'dual-engine'],
      ['shop-2', 'off'],
    ] as const);
    const nodes = { front: ['shop-1'], catalogue: ['shop-1', 'shop-2'], orders: ['shop-2'], ingress: [] };
    const vertices = SHOP.vertices.map((vertex) => ({
      ...vertex,
      nodes: nodes[vertex.name as keyof typeof nodes] ?? [],
    }));
    const scene = buildScene(input({ engines, vertices }));
    expect(line(scene, 'front>orders')?.style.lineDash).toEqual([9, 5]);
    expect(line(scene, 'orders>bank')?.style.lineDash).toEqual([1.5, 4.5]);
    expect(line(scene, 'catalogue>db')?.style.lineDash).toEqual([9, 4, 1.5, 4]);
    expect(line(scene, 'ingress>front')?.style.lineDash).toBeNull();
    const hues = of(scene, 'vertex front').flatMap(({ style }) => ('fill' in style ? [style.fill] : []));
    expect(hues).toContain('<e-dual>');
  });

  test('says at a namespace which share of its nodes runs which engine', () => {
    const engines = new Map([
      ['shop-1', 'dual-engine'],
      ['shop-2', 'off'],
      ['shop-3', 'off'],
    ] as const);
    const vertices = [
      vertex('shop', { level: 'namespace', nodes: ['shop-1', 'shop-2', 'shop-3', 'shop-4'] }),
    ];
    const frame = { width: 1440, height: 800 };
    const level = 'namespace' as const;
    const flat = layOut(layoutInput({ level, vertices, edges: [] }, frame));
    const scene = buildScene(input({ level, layout: flat, vertices, edges: [], engines }));
    const parts = of(scene, 'vertex shop').filter(
      (element) => element.type === 'rect' && element.shape.height < 3,
    );
    expect(parts.map(({ style }) => 'fill' in style && style.fill)).toEqual(['<e-dual>', '<e-off>']);
    const widths = parts.map((part) => (part.type === 'rect' ? part.shape.width : 0));
    // one node of four, and two; the fourth says nothing
    expect((widths[1] ?? 0) / (widths[0] ?? 1)).toBeGreaterThan(1.9);
    expect((widths[0] ?? 0) + (widths[1] ?? 0)).toBeLessThan(126 * 0.76);
  });

  test('marks a waypoint on the line, once, and writes over no mark', () => {
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
    const edges = SHOP.edges.map((one) => (one.id === 'front>catalogue' ? { ...one, via } : one));
    const scene = buildScene(input({ edges }));
    const mark = of(scene, 'edge front>catalogue').filter(
      ({ style }) => 'stroke' in style && style.stroke === '<e-way>',
    );
    expect(mark).toHaveLength(1);
    const label = of(scene, 'label front>catalogue')[0];
    const route = layout.routes.find(({ id }) => id === 'front>catalogue');
    const middle = pointAt(sample(route?.path ?? []), 0.5);
    if (label?.type !== 'rect') throw new Error('no label');
    expect(
      Math.hypot(label.shape.x + label.shape.width / 2 - middle.x, label.shape.y + 10 - middle.y),
    ).toBeGreaterThan(9);
  });

  test('dims what is off the path, never what fails', () => {
    const scene = buildScene(input({ selected: { kind: 'edge', id: 'catalogue>db' } }));
    expect(line(scene, 'orders>bank')?.style.stroke).toBe('<edge-dim>');
    expect(line(scene, 'front>catalogue')?.style.stroke).toBe('<edge>');
    expect(line(scene, 'front>orders')?.style.stroke).toBe('<crit>');
  });

  test('every unhealthy edge carries its sign', () => {
    expect(of(buildScene(input({ label: 'none' })), 'label front>orders').length).toBeGreaterThan(0);
  });

  test('colours by one figure; what is not known is not 0', () => {
    const scene = buildScene(input({ colour: 'connect' }));
    expect(line(scene, 'front>catalogue')?.style.stroke).toBe('<h7>');
    expect(line(scene, 'orders>bank')?.style.stroke).toBe('<edge-dim>');
  });

  test('marks lower bounds of silent nodes: dash, hatch, ≥', () => {
    const partial = SHOP.edges.map((edge) => ({ ...edge, partial: edge.id === 'orders>bank' }));
    const scene = buildScene(input({ edges: partial }));
    expect(line(scene, 'orders>bank')?.style.lineDash).toEqual([3, 3]);
    expect(line(scene, 'ingress>front')?.style.lineDash).toBeNull();
  });

  test('draws less from afar', () => {
    const count = (items: Item[]) => items.reduce((sum, item) => sum + item.elements.length, 0);
    const [full, names, bare] = (['full', 'names', 'bare'] as const).map((detail) =>
      count(buildScene(input({ detail, scale: detail === 'full' ? 1 : 0.3 }))),
    );
    expect(names).toBeLessThan(full ?? 0);
    expect(bare).toBeLessThan(names ?? 0);
  });

  test('labels never cover a card', () => {
    for (const { id, elements } of buildScene(input({ label: 'rate-p99' }))) {
      const box = elements[0];
      if (!id.startsWith('label') || box?.type !== 'rect') continue;
      for (const card of layout.vertices) {
        const apart =
          box.shape.x >= card.x + card.width ||
          card.x >= box.shape.x + box.shape.width ||
          box.shape.y >= card.y + card.height ||
          card.y >= box.shape.y + box.shape.height;
        expect(apart).toBe(true);
      }
    }
  });

  test('the next scene names what changed, and nothing else', () => {
    const before = buildScene(input());
    expect(changedItems(before, buildScene(input()))).toEqual([]);
    const busier = SHOP.vertices.map((v) => (v.id === 'db' ? { ...v, inbound: traffic({ rate: 9 }) } : v));
    expect(changedItems(before, buildScene(input({ vertices: busier })))?.map(({ id }) => id)).toEqual([
      'vertex db',
    ]);
    expect(changedItems(before, buildScene(input({ edges: SHOP.edges.slice(1) })))).toBeNull();
  });
});

describe('the camera', () => {
  const canvas = { width: 1000, height: 700 };
  const bounds = { x: -50, y: 20, width: 3000, height: 900 };
  const inside = (camera: ReturnType<typeof fit>) => {
    const left = bounds.x * camera.scale + camera.x;
    const top = bounds.y * camera.scale + camera.y;
    return (
      left >= 0 &&
      top >= 0 &&
      left + bounds.width * camera.scale <= 1000 &&
      top + bounds.height * camera.scale <= 700
    );
  };

  test('fits everything', () => {
    expect(inside(fit(bounds, canvas))).toBe(true);
    expect(fit({ x: 0, y: 0, width: 10, height: 10 }, canvas).scale).toBeLessThanOrEqual(1.12);
  });

  test('zooms about the pointer', () => {
    const camera = fit(bounds, canvas);
    const at = { x: 300, y: 200 };
    const near = toWorld(zoom(camera, 1.7, at), at);
    expect(near.x).toBeCloseTo(toWorld(camera, at).x);
    expect(near.y).toBeCloseTo(toWorld(camera, at).y);
  });

  test('never loses the drawing', () => {
    const far = pan(fit(bounds, canvas), { x: 1e5, y: -1e5 }, { bounds, canvas });
    expect(bounds.x * far.scale + far.x).toBeLessThan(canvas.width);
    expect((bounds.y + bounds.height) * far.scale + far.y).toBeGreaterThan(0);
  });

  test('reveals with the least move', () => {
    const camera = { x: 0, y: 0, scale: 1 };
    expect(reveal(camera, { x: 400, y: 300, width: 134, height: 48 }, canvas)).toBe(camera);
    expect(reveal(camera, { x: 2000, y: 300, width: 100, height: 48 }, canvas)).toMatchObject({
      x: -1120,
      y: 0,
    });
  });
});

describe('pointing', () => {
  const everything = {
    vertices: new Set(SHOP.vertices.map(({ id }) => id)),
    edges: new Set(SHOP.edges.map(({ id }) => id)),
  };
  test('hits cards first, then the nearest edge', () => {
    const map = hitMap(layout, everything);
    const card = layout.vertices.find(({ id }) => id === 'front');
    expect(hit(map, { x: (card?.x ?? 0) + 5, y: (card?.y ?? 0) + 5 }, 7)).toEqual({
      kind: 'vertex',
      id: 'front',
    });
    for (const route of layout.routes) {
      expect(hit(map, pointAt(sample(route.path), 0.5), 7)?.id).toBe(route.id);
    }
    expect(hit(map, { x: -500, y: -500 }, 7)).toBeNull();
  });

  test('a head points where the line goes', () => {
    const { line, head } = withHead([0, 0, 30, 0, 70, 0, 100, 0], 6);
    expect(head[0]).toEqual([100, 0]);
    expect(line.at(-2)).toBeLessThan(100);
  });
});
