// SPDX-License-Identifier: Apache-2.0
import type { Change, Edge, Series, Vertex } from '@undermesh/schema';

/** Where switches of engines stand in a series. */

/** Places of changes in a stretch of time, 0 at its start to 1 at its end; those outside are left out. */
export const placesIn = (changes: readonly Change[], from: number, to: number): number[] =>
  changes
    .map(({ time }) => (Date.parse(time) - from) / (to - from))
    .filter((place) => place >= 0 && place <= 1);

/** The stretch of time that a series covers, epoch ms. */
export const spanOf = (series: Series): { from: number; to: number } => {
  const from = Date.parse(series.from);
  return { from, to: from + series.opened.length * series.stepSeconds * 1000 };
};

/** Switches on the nodes of either end of an edge. */
export function switchesOf(
  edge: Edge,
  switches: readonly Change[],
  vertices: readonly Vertex[] | undefined,
): Change[] {
  if (switches.length === 0 || vertices === undefined) return [];
  const nodes = vertices
    .filter(({ id }) => id === edge.source || id === edge.destination)
    .flatMap((vertex) => vertex.nodes);
  return switches.filter(({ subject }) => nodes.includes(subject));
}
