// SPDX-License-Identifier: Apache-2.0
import type { LayoutInput } from '../../../src/domain/layout/types';

/** Deterministic pseudo-random numbers in [0, 1): mulberry32. */
export function random(seed: number): () => number {
  let s = seed;
  return () => {
    s = (s + 0x6d2b79f5) | 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const CARD = { width: 134, height: 48 };
export const FRAME = { width: 1440, height: 720 };

/** `name.plate` strings joined by `>`; a plate of `!` is outside the mesh, none has no plate. */
export function graph(edges: readonly string[], extra: readonly string[] = []): LayoutInput {
  const ids = new Set<string>(extra);
  const parsed = edges.map((text) => {
    const [source = '', destination = ''] = text.split('>');
    ids.add(source);
    ids.add(destination);
    return { id: text, source, destination, weight: 1 };
  });
  return {
    vertices: [...ids].map((id) => {
      const plate = id.split('.')[1] ?? null;
      return { id, plate: plate === '!' ? 'outside' : plate, external: plate === '!' };
    }),
    edges: parsed,
    card: CARD,
    frame: FRAME,
  };
}

/** The shop of the pictures. */
export const BOOKSHOP = graph([
  'ingress.edge>front.shop',
  'front.shop>catalogue.shop',
  'front.shop>reviews1.shop',
  'front.shop>reviews2.shop',
  'reviews2.shop>ratings.shop',
  'front.shop>orders.checkout',
  'orders.checkout>payments.checkout',
  'orders.checkout>orders-db.data',
  'payments.checkout>bank.!',
  'catalogue.shop>catalogue-db.data',
]);

/** A mesh of `count` workloads in `plates` namespaces that mostly flows forward, with some edges back. */
export function mesh(options: { count: number; edges: number; plates: number; seed?: number }): LayoutInput {
  const next = random(options.seed ?? 1);
  const ids = Array.from({ length: options.count }, (_, i) => {
    const plate = Math.floor((i * options.plates) / options.count);
    return options.plates === 0 ? `w${i}` : `w${i}.ns${plate}`;
  });
  const seen = new Set<string>();
  const edges: string[] = [];
  while (edges.length < options.edges) {
    const from = Math.floor(next() * ids.length);
    const reach = next() < 0.7 ? 12 : ids.length;
    let to = from + 1 + Math.floor(next() * reach);
    if (next() < 0.06) to = from - Math.floor(next() * 20);
    if (to < 0 || to >= ids.length) continue;
    const edge = `${ids[from]}>${ids[to]}`;
    if (seen.has(edge)) continue;
    seen.add(edge);
    edges.push(edge);
  }
  return graph(edges, ids);
}
