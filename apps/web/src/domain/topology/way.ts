// SPDX-License-Identifier: Apache-2.0
import type { Connection, Edge, Engine, Hook, Node } from '@undermesh/schema';
import type { EngineByNode } from '../engines/steering';
import { formatDuration, NBSP } from '../format';
import { hookCost, hookCostText } from '../nodes';
import { isRefusal, reasonWords } from '../words';
import type { LegEdges, TimeParts } from './time-parts';

/** How connections along an edge go from source to destination, told from those that were seen last. */

/** `steered`: connected elsewhere than asked for. `passed`: the engine knows no service there. `refused`: went nowhere. */
export type WayKind = 'steered' | 'passed' | 'refused' | 'untouched';

export interface Way {
  id: string;
  kind: WayKind;
  engine: Engine;
  /** Of the connections that were looked at, 0 to 1. */
  share: number;
  count: number;
  /** The latest that went this way, of those that both ends told of where there is one. */
  latest: Connection;
}

const kindOf = ({ engine, askedFor, reason }: Connection): WayKind => {
  if (engine === 'off') return 'untouched';
  if (isRefusal(reason)) return 'refused';
  return askedFor === null ? 'passed' : 'steered';
};

/** The ways that connections took, most travelled first. Newest connections come first. */
export function waysOf(connections: readonly Connection[]): Way[] {
  const ways = new Map<string, Way>();
  for (const one of connections) {
    const kind = kindOf(one);
    const id = `${one.engine} ${kind}`;
    const way = ways.get(id) ?? { id, kind, engine: one.engine, share: 0, count: 0, latest: one };
    const latest = way.latest.seenBy !== 'both' && one.seenBy === 'both' ? one : way.latest;
    ways.set(id, { ...way, latest, count: way.count + 1 });
  }
  return [...ways.values()]
    .map((way) => ({ ...way, share: way.count / connections.length }))
    .sort((a, b) => b.count - a.count);
}

/**
 * The way to show first: of those by the engine that the source's node runs now, the most travelled one; without one, the
 * most travelled of all. After a switch older connections are the majority for a while.
 */
export const wayOfNow = (ways: readonly Way[], engines: EngineByNode): Way | undefined =>
  ways.find(({ engine, latest }) => engine === engines.get(latest.source.node ?? '')) ?? ways[0];

/** What a way is called where several are offered; engines that both steered are told apart. */
export const wayName = ({ kind, engine }: Way): string =>
  ({ untouched: 'Not steered', passed: 'Passed', refused: 'Refused', steered: engine })[kind];

/** One stop of a way. */
export interface Stop {
  id: string;
  place: 'user' | 'kernel';
  title: string;
  text: string;
  /** Where it is, or when it happens, and what it takes where that is measured. */
  note: string | null;
  /** Of the mean request's time, µs; `null`: not known, or not to be told apart. */
  us: number | null;
  mark?: 'waypoint';
  /** Not passed on this way. */
  skipped?: true;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** `10.1.2.3:80`, `[fd00::1]:80`. */
export const addressText = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

const hostOf = ({ node, pid, process }: Connection['source']): string =>
  [node ?? 'outside the mesh', ...(pid === null ? (process === null ? [] : [process]) : [`pid ${pid}`])].join(
    ', ',
  );

const wentTo = ({ destination }: Connection): string => addressText(destination.address, destination.port);
const askedFor = (one: Connection): string =>
  one.askedFor === null ? wentTo(one) : addressText(one.askedFor.address, one.askedFor.port);

/** Programs that take part in steering a connection of this family, on the source's node, in their order. */
export function steeringHooks(node: Node | undefined, latest: Connection): Hook[] {
  const family = latest.destination.address.includes(':') ? '6' : '4';
  const routed = latest.engine === 'kernel-native' ? ['native_route'] : [];
  const wanted = [`steer_connect${family}`, ...routed, 'follow_sockops', `show_peername${family}`];
  return wanted.flatMap((name) => node?.hooks.find((hook) => hook.name === name) ?? []);
}

const per = (hooks: readonly Hook[], prefix: string, when: string): string => {
  const hook = hooks.find(({ name }) => name.startsWith(prefix));
  const cost = hook === undefined ? null : hookCost(hook);
  return cost === null ? when : `${when} · ${hookCostText(cost)}`;
};

/** Where a way goes along an edge. */
export interface Along {
  edge: Edge;
  /** Of the source. */
  node: Node | undefined;
  times: TimeParts | null;
}

/** The stops of a way, from source to destination. What is not known is left out. */
export function stopsOf(way: Way, { edge, node, times }: Along): Stop[] {
  const { kind, engine, latest } = way;
  if (kind === 'refused') return [sourceStop(edge, latest, times), ...steeringStops(way, node)];
  return [
    sourceStop(edge, latest, times),
    ...steeringStops(way, node),
    ...(kind === 'untouched' || engine === 'kernel-native' ? [] : [PAYLOAD]),
    tcpStop(latest, { id: 'tcp', edge, us: times?.toUs ?? null }),
    destinationStop(edge, latest, times),
  ];
}

/** The same through a waypoint: `onward` is a connection from there to the destination, where one was seen. */
export function stopsThrough(
  way: Way,
  { edge, node, times, legs, onward }: Along & { legs: LegEdges; onward: Connection | null },
): Stop[] {
  const { latest } = way;
  const name = edge.via?.name ?? 'waypoint';
  const own = times?.waypointUs ?? null;
  return [
    sourceStop(edge, latest, times),
    ...steeringStops(way, node),
    tcpStop(latest, { id: 'tcp', edge: legs.client, us: times?.toUs ?? null }),
    {
      id: 'waypoint',
      place: 'user',
      title: name,
      text: own === null ? 'passes the request on' : `passes it on, in ${formatDuration(own)}${NBSP}(mean)`,
      note: hostOf(latest.destination),
      us: own,
      mark: 'waypoint',
    },
    onward === null
      ? { ...UNSEEN, us: times?.beyondUs ?? null }
      : tcpStop(onward, { id: 'onward', edge: legs.server, us: times?.beyondUs ?? null }),
    destinationStop(edge, onward, times),
  ];
}

const sourceStop = (edge: Edge, latest: Connection, times: TimeParts | null): Stop => ({
  id: 'source',
  place: 'user',
  title: edge.sourceName,
  text: `connects to ${askedFor(latest)}${latest.service === null ? '' : `, ${latest.service.name}`}`,
  note: hostOf(latest.source),
  us: times?.localUs ?? null,
});

function steeringStops({ kind, engine, latest }: Way, node: Node | undefined): Stop[] {
  const hooks = steeringHooks(node, latest);
  const [asked, went] = [askedFor(latest), wentTo(latest)];
  const shared = { place: 'kernel', us: null } as const;
  if (kind === 'untouched')
    return [
      {
        ...shared,
        id: 'connect',
        title: 'connect',
        text: 'No engine: it goes where it asked to',
        note: null,
      },
    ];
  const connect: Stop = {
    ...shared,
    id: 'connect',
    title: hooks[0]?.name ?? 'connect',
    text: {
      steered: `${asked} becomes ${went}`,
      passed: `No service at ${went}: it passes`,
      refused: capital(reasonWords(latest.reason)),
    }[kind],
    note: per(hooks, 'steer_', 'once per connect'),
  };
  if (kind !== 'steered') return [connect];
  return [
    connect,
    ...(engine === 'kernel-native' ? [routeStop(hooks)] : []),
    {
      ...shared,
      id: 'peer',
      title: hooks.find(({ name }) => name.startsWith('show_'))?.name ?? 'getpeername',
      text: `The source is shown ${asked}`,
      note: per(hooks, 'show_', 'when it asks'),
    },
  ];
}

/** Where the kernel reads each request's head. */
const routeStop = (hooks: readonly Hook[]): Stop => ({
  id: 'route',
  place: 'kernel',
  title: hooks.find(({ name }) => name.startsWith('native_'))?.name ?? 'route',
  text: 'A request with routes chooses its backend',
  note: per(hooks, 'native_', 'once per request'),
  us: null,
});

/** The network between both ends of a connection. */
function tcpStop(
  { source, destination }: Connection,
  { id, edge, us }: { id: string; edge: Edge | null; us: number | null },
): Stop {
  const near = source.node !== null && source.node === destination.node;
  // the smoothed round trip has the waits of delayed acknowledgements in it
  const handshake = edge?.traffic.connectUs.p50 ?? null;
  return {
    id,
    place: 'kernel',
    title: 'TCP and IP',
    text: near
      ? `Both ends on ${source.node}`
      : `From ${source.node ?? 'outside'} to ${destination.node ?? 'outside'}`,
    note: handshake === null ? null : `round trip ${formatDuration(handshake)} (handshake, median)`,
    us,
  };
}

const destinationStop = (edge: Edge, latest: Connection | null, times: TimeParts | null): Stop => {
  const application = times?.applicationUs ?? null;
  return {
    id: 'destination',
    place: 'user',
    title: edge.destinationName,
    text: application === null ? 'answers' : `answers after ${formatDuration(application)}${NBSP}(mean)`,
    note: latest === null ? null : hostOf(latest.destination),
    us: application,
  };
};

/** Steering ends with connect(): no byte is touched, and no proxy is passed. */
const PAYLOAD: Stop = {
  id: 'payload',
  place: 'kernel',
  title: 'Payload',
  text: 'Not touched, and no proxy passed',
  note: null,
  us: null,
  skipped: true,
};

/** No connection to the destination was seen lately: the waypoint keeps those it has. */
const UNSEEN: Stop = {
  id: 'onward',
  place: 'kernel',
  title: 'TCP and IP',
  text: 'Over a connection that the waypoint keeps',
  note: null,
  us: null,
};

/** Stops in a row that are on the same side of the kernel boundary. */
export function sidesOf(stops: readonly Stop[]): { place: Stop['place']; stops: Stop[] }[] {
  const sides: { place: Stop['place']; stops: Stop[] }[] = [];
  for (const stop of stops) {
    const last = sides.at(-1);
    if (last?.place === stop.place) last.stops.push(stop);
    else sides.push({ place: stop.place, stops: [stop] });
  }
  return sides;
}
