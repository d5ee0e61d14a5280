// SPDX-License-Identifier: Apache-2.0
import type { Edge, Window } from '@undermesh/schema';
import { flowRate, MEASURES, type MeasureId } from './measures';

export const WIDTH = { least: 1, most: 7 } as const;

/** The rate that is drawn widest: a whole power of ten, so that widths do not change with every refresh. */
export function topRate(edges: readonly Edge[], window: Window): number {
  const most = edges.reduce((max, edge) => Math.max(max, flowRate(edge.traffic, window) ?? 0), 0);
  return 10 ** Math.max(1, Math.ceil(Math.log10(Math.max(1, most))));
}

/** Width of an edge in px: 1 to 7, log of its rate. */
export function edgeWidth(rate: number, top: number): number {
  if (!(rate > 0)) return WIDTH.least;
  // a hundredth per second still shows as more than none
  const share = Math.log10(1 + rate * 10) / Math.log10(1 + top * 10);
  return Math.min(WIDTH.most, WIDTH.least + (WIDTH.most - WIDTH.least) * share ** 1.35);
}

/** Steps of the ramp that are used for lines: the darkest would not show. */
export const RAMP = ['h3', 'h4', 'h5', 'h6', 'h7'] as const;

export interface Domain {
  min: number;
  max: number;
}

/** From the least to the greatest known figure; `null` when no edge has one. */
export function domainOf(edges: readonly Edge[], id: MeasureId, window: Window): Domain | null {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const edge of edges) {
    const value = MEASURES[id].value(edge.traffic, window);
    if (value === null || (MEASURES[id].log && value <= 0)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return min > max ? null : { min, max };
}

/** Step of the ramp, from 0; `null` for a figure that is not known. */
export function rampStep(value: number | null, domain: Domain | null, log: boolean): number | null {
  if (value === null || domain === null) return null;
  const place = (v: number) => (log ? Math.log10(Math.max(v, 1e-9)) : v);
  const low = log ? place(domain.min) : 0;
  const span = place(domain.max) - low;
  if (!(span > 0)) return value > 0 || log ? RAMP.length - 1 : 0;
  const share = Math.max(0, Math.min(1, (place(value) - low) / span));
  return Math.min(RAMP.length - 1, Math.floor(share * RAMP.length));
}
