// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Topology } from '@undermesh/schema';
import { plural } from '@/domain/format';
import { type Shown, shownText } from '@/domain/topology/shown';

/** Top left: how much is in view, what is not, its share of connections, and how waypoints are drawn. */
export function MapStatement({
  topology,
  shown,
  legs,
  onShowAll,
  onShowLegs,
}: {
  topology: Topology;
  shown: Shown;
  /** Waypoints are drawn as stops. */
  legs: boolean;
  onShowAll: () => void;
  onShowLegs: (on: boolean) => void;
}) {
  const said = shownText(topology, shown);
  const own = shown.hidden.vertices + shown.hidden.edges > 0;
  const joined = shown.edges.filter(({ via }) => via !== null).length;
  const button = (name: string, act: () => void) => (
    <button type="button" className="link-btn" onClick={act}>
      {name}
    </button>
  );
  return (
    <p className="map-statement" data-testid="topology-statement">
      <b>{said.shown}</b> {said.hidden.join(' ')} {own && button('Show', onShowAll)}
      {joined > 0 && (
        <>
          {plural(joined, 'edge')} through a waypoint. {button('Show its legs', () => onShowLegs(true))}
        </>
      )}
      {legs && <>Waypoints are drawn as stops. {button('Draw one edge', () => onShowLegs(false))}</>}
    </p>
  );
}
