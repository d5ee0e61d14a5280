// SPDX-License-Identifier: Apache-2.0
'use client';

import type { Edge, Edges } from '@undermesh/schema';
import { useFetch } from '@/data/use-fetch';
import type { LegEdges } from '@/domain/topology/time-parts';
import { latencyQuery, type PanelScope } from './panel-scope';

const REFRESH_SECONDS = 5;

/** The legs of a joined edge; nothing is asked for any other. */
export function useLegs({ via, source, destination }: Edge, scope: PanelScope): LegEdges {
  const of = (ends: Pick<PanelScope, 'source' | 'destination'>) => ({
    ...latencyQuery({ ...scope, ...ends }),
    legs: true,
    limit: 10,
  });
  const path = via === null ? null : '/api/v1/edges';
  const waypoint = via?.id ?? null;
  const refresh = { refreshSeconds: REFRESH_SECONDS };
  const client = useFetch<Edges>(path, of({ source, destination: waypoint }), refresh);
  const server = useFetch<Edges>(path, of({ source: waypoint, destination }), refresh);
  const legOf = (edges: Edges | null): Edge | null =>
    edges?.items.find(({ leg }) => leg?.waypoint === waypoint) ?? null;
  return { client: legOf(client.data), server: legOf(server.data) };
}
