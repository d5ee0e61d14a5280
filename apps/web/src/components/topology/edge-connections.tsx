// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Edge, Level } from '@undermesh/schema';
import { useState } from 'react';
import type { UrlState } from '@/data/use-url';
import type { EdgeEnds } from '@/domain/topology/edge-ends';
import type { LegEdges } from '@/domain/topology/time-parts';
import { Segments } from '../segments';
import { ConnectionsTab } from './connections-tab';

/** The connections that carry an edge's requests: all the way, or those of either leg. */
export function EdgeConnections({
  edge,
  ends,
  legs,
  ...shared
}: {
  level: Level;
  edge: Edge;
  ends: EdgeEnds;
  legs: LegEdges;
  query: { window: number; system: boolean | undefined };
  link: UrlState['link'];
}) {
  const [leg, setLeg] = useState<'client' | 'server'>('client');
  if (edge.via === null || ends.second === null)
    return <ConnectionsTab {...shared} ends={ends.first} traffic={edge.traffic} partial={edge.partial} />;
  const { name } = edge.via;
  const chosen = legs[leg];
  return (
    <>
      <div className="panel-line">
        <Segments
          label="Leg"
          value={leg}
          options={[
            { id: 'client', name: `To ${name}` },
            { id: 'server', name: `From ${name}` },
          ]}
          onChange={setLeg}
        />
      </div>
      <ConnectionsTab
        {...shared}
        ends={leg === 'client' ? ends.first : ends.second}
        traffic={chosen?.traffic ?? null}
        partial={chosen?.partial ?? false}
      />
    </>
  );
}
