// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Topology } from '@undermesh/schema';
import { type Shown, shownText } from '@/domain/topology/shown';

/** Top left: how much is in view, what is not, and its share of connections. */
export function MapStatement({
  topology,
  shown,
  onShowAll,
}: {
  topology: Topology;
  shown: Shown;
  onShowAll: () => void;
}) {
  const said = shownText(topology, shown);
  const own = shown.hidden.vertices + shown.hidden.edges > 0;
  return (
    <p className="map-statement" data-testid="topology-statement">
      <b>{said.shown}</b> {said.hidden.join(' ')}{' '}
      {own && (
        <button type="button" className="link-btn" onClick={onShowAll}>
          Show
        </button>
      )}
    </p>
  );
}
