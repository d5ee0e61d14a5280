// SPDX-License-Identifier: Apache-2.0
import type { Edge, TimeSplit } from '@undermesh/schema';
import { formatShare } from '../format';
import { blame } from '../latency/words';

/** Where the mean request's time goes along an edge, stop by stop. */

/** Times of a mean request, µs, that add up to its total. `null`: not known, and within the part that follows. */
export interface TimeParts {
  /** Queues of the source's own host; through a waypoint within `toUs`. */
  localUs: number | null;
  /** The way to the server, or to the waypoint. */
  toUs: number | null;
  /** Within the waypoint; `null` where there is none. */
  waypointUs: number | null;
  /** From the waypoint to the server and back. */
  beyondUs: number | null;
  applicationUs: number | null;
  totalUs: number;
}

/** One part as it is drawn. */
export interface NamedPart {
  name: string;
  token: 't-queue' | 't-net' | 't-app' | 'e-way';
  us: number;
}

/** Both legs of a joined edge; `null`: not known. */
export interface LegEdges {
  client: Edge | null;
  server: Edge | null;
}

const sum = (...values: readonly (number | null)[]): number =>
  values.reduce<number>((total, value) => total + (value ?? 0), 0);

/** Parts of an edge that connections go along all the way; `null` where no request was timed. */
export function partsOf(split: TimeSplit | null): TimeParts | null {
  if (split === null) return null;
  const { localUs, networkUs, applicationUs, totalUs } = split;
  const total = totalUs ?? sum(localUs, networkUs, applicationUs);
  return total === 0
    ? null
    : { localUs, toUs: networkUs, waypointUs: null, beyondUs: null, applicationUs, totalUs: total };
}

/**
 * Parts of requests through a waypoint: its own time and what was beyond it are of these very requests; the way to it is
 * the mean of its client's leg, the server's share of what was beyond it that of its server's leg.
 */
export function partsThrough(
  time: { waypointUs: number; beyondUs: number } | null,
  { client, server }: LegEdges,
): TimeParts | null {
  if (time === null) return null;
  const { waypointUs, beyondUs } = time;
  const way = client?.split ?? null;
  const toUs = way?.networkUs == null ? null : sum(way.networkUs, way.localUs);
  const served = server?.split?.applicationUs ?? null;
  const applicationUs = served === null ? null : Math.min(served, beyondUs);
  return {
    localUs: null,
    toUs,
    waypointUs,
    beyondUs: applicationUs === null ? beyondUs : beyondUs - applicationUs,
    applicationUs,
    totalUs: sum(toUs, waypointUs, beyondUs),
  };
}

/** The parts that are known, from client to server. */
export function namedParts(
  parts: TimeParts,
  names: { waypoint: string | null; server: string },
): NamedPart[] {
  const { waypoint, server } = names;
  const beyond = parts.applicationUs === null ? `${server} and the way` : `way to ${server}`;
  const all: { name: string; token: NamedPart['token']; us: number | null }[] = [
    { name: 'queue', token: 't-queue', us: parts.localUs },
    { name: waypoint === null ? 'network' : `way to ${waypoint}`, token: 't-net', us: parts.toUs },
    { name: waypoint ?? 'waypoint', token: 'e-way', us: parts.waypointUs },
    { name: beyond, token: parts.applicationUs === null ? 't-app' : 't-net', us: parts.beyondUs },
    { name: server, token: 't-app', us: parts.applicationUs },
  ];
  return all.filter((part): part is NamedPart => part.us !== null && part.us > 0);
}

/** Where the time goes, in a sentence; `null` when it is not known. */
export function timeWords(
  parts: TimeParts,
  names: { waypoint: string | null; server: string },
): string | null {
  const { waypointUs, beyondUs, applicationUs, totalUs } = parts;
  if (names.waypoint === null || waypointUs === null)
    return blame({ networkUs: parts.toUs, applicationUs, totalUs }, names.server);
  const server = applicationUs ?? beyondUs;
  const rest = server === null ? '' : `, ${names.server} ${formatShare(server / totalUs)}`;
  return `${names.waypoint} takes ${formatShare(waypointUs / totalUs)} of the time${rest}.`;
}
