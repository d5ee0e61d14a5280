// SPDX-License-Identifier: Apache-2.0
import type { Edge } from '@undermesh/schema';

/** Filters of the connections page: both ends of one kind of connections. */
export type Ends = Readonly<Record<'source' | 'destination', string>>;

/** Whose connections carry the requests of an edge. */
export interface EdgeEnds {
  /** All the way, or from the client to the waypoint. */
  first: Ends;
  /** From the waypoint to the server; `null` without one. */
  second: Ends | null;
}

const full = (namespace: string, name: string): string => (namespace === '' ? name : `${namespace}/${name}`);

/** The connections of an edge, as the API's queries name them. */
export function endsOf(edge: Edge): EdgeEnds {
  const source = full(edge.sourceNamespace, edge.sourceName);
  const destination = full(edge.destinationNamespace, edge.destinationName);
  if (edge.via === null) return { first: { source, destination }, second: null };
  const waypoint = full(edge.via.namespace, edge.via.name);
  return { first: { source, destination: waypoint }, second: { source: waypoint, destination } };
}
