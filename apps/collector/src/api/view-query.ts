// SPDX-License-Identifier: Apache-2.0
import type { TopologyQuery } from '@undermesh/schema';
import type { ViewQuery } from '../aggregate/mesh-view.js';
import { CollectorError } from '../errors.js';

/** What a request says of window and level, with its defaults. Throws CollectorError `request_invalid`. */
export function viewQueryOf(query: Omit<TopologyQuery, 'maxVertices' | 'maxEdges'>): ViewQuery {
  const to = query.to === undefined ? undefined : Date.parse(query.to);
  if (to !== undefined && Number.isNaN(to)) {
    throw new CollectorError('request_invalid', 'to must be a time as in RFC 3339.');
  }
  return {
    level: query.level ?? 'workload',
    windowSeconds: query.window ?? 1800,
    to,
    namespaces: new Set((query.namespace ?? '').split(',').filter((name) => name !== '')),
    system: query.system ?? false,
    legs: query.legs ?? false,
  };
}

/** A topology query with its defaults. */
export const topologyQueryOf = (query: TopologyQuery) => ({
  ...viewQueryOf(query),
  maxVertices: query.maxVertices ?? 300,
  maxEdges: query.maxEdges ?? 1000,
});
