// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Edge, Vertex, Window } from '@undermesh/schema';
import { memo, useMemo } from 'react';
import { pointAt, sample } from '@/charts/topology/curve';
import { formatRate } from '@/domain/format';
import { DEFAULT_LABEL, labelOf } from '@/domain/topology/measures';
import { sameTarget, type Target } from '@/domain/topology/paths';
import type { Shown } from '@/domain/topology/shown';
import { perSecond } from '@/domain/traffic';
import { edgeState, healthReasonWords } from '@/domain/words';
import type { Picture } from './use-layout';

export interface MapListProps {
  picture: Picture;
  shown: Shown;
  selected: Target | null;
  onSelect: (target: Target | null) => void;
  onFocus: (target: Target | null) => void;
}

const vertexText = (vertex: Vertex, window: Window): string =>
  [
    vertex.version === null ? vertex.name : `${vertex.name} ${vertex.version}`,
    vertex.external ? 'outside the mesh' : vertex.namespace,
    `${formatRate(perSecond(vertex.inbound.opened, window))} connections per second in`,
    vertex.health === 'ok'
      ? 'steady'
      : vertex.healthReason === null
        ? vertex.health
        : healthReasonWords(vertex.healthReason),
  ].join(', ');
const edgeText = (edge: Edge, window: Window): string =>
  [
    `${edge.sourceName} to ${edge.destinationName}`,
    ...(edge.via === null ? [] : [`through ${edge.via.name}`]),
    labelOf(edge, DEFAULT_LABEL, window),
    edgeState(edge).text,
  ].join(', ');

/**
 * What the map shows, as buttons in the same order, for screen readers and tests. `data-x`, `data-y`: its place on the
 * canvas in px. One tab stop for each list; the map itself is walked with arrows.
 */
export const MapList = memo(function MapList({ picture, shown, selected, onSelect, onFocus }: MapListProps) {
  const { layout, topology } = picture;
  const cards = useMemo(() => new Map(layout.vertices.map((card) => [card.id, card])), [layout]);
  const middles = useMemo(
    () => new Map(layout.routes.map(({ id, path }) => [id, pointAt(sample(path, 4), 0.5)])),
    [layout],
  );
  return (
    <div className="visually-hidden">
      <ul aria-label="On the map">
        {shown.vertices.map((vertex, i) => {
          const card = cards.get(vertex.id);
          return (
            <Entry
              key={vertex.id}
              kind="vertex"
              id={vertex.id}
              name={vertex.name}
              text={vertexText(vertex, topology.window)}
              x={card ? card.x + card.width / 2 : 0}
              y={card ? card.y + card.height / 2 : 0}
              first={i === 0}
              on={sameTarget(selected, { kind: 'vertex', id: vertex.id })}
              onSelect={onSelect}
              onFocus={onFocus}
            />
          );
        })}
      </ul>
      <ul aria-label="Edges on the map">
        {shown.edges.map((edge, i) => {
          const at = middles.get(edge.id) ?? { x: 0, y: 0 };
          return (
            <Entry
              key={edge.id}
              kind="edge"
              id={edge.id}
              name={`${edge.sourceName} → ${edge.destinationName}`}
              text={edgeText(edge, topology.window)}
              x={at.x}
              y={at.y}
              first={i === 0}
              on={sameTarget(selected, { kind: 'edge', id: edge.id })}
              onSelect={onSelect}
              onFocus={onFocus}
            />
          );
        })}
      </ul>
    </div>
  );
});

interface EntryProps {
  kind: Target['kind'];
  id: string;
  name: string;
  text: string;
  x: number;
  y: number;
  first: boolean;
  on: boolean;
  onSelect: MapListProps['onSelect'];
  onFocus: MapListProps['onFocus'];
}

const Entry = memo(function Entry({ kind, id, name, text, x, y, first, on, onSelect, onFocus }: EntryProps) {
  return (
    <li>
      <button
        type="button"
        data-testid={`topology-${kind}`}
        data-id={id}
        data-name={name}
        data-world-x={Math.round(x)}
        data-world-y={Math.round(y)}
        aria-pressed={on}
        tabIndex={first ? 0 : -1}
        onClick={() => onSelect({ kind, id })}
        onFocus={() => onFocus({ kind, id })}
        onBlur={() => onFocus(null)}
      >
        {text}
      </button>
    </li>
  );
});
