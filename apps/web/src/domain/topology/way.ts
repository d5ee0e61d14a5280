// SPDX-License-Identifier: Apache-2.0
import type { Connection, Edge, Engine, Hook, Node } from '@undermesh/schema';
import { formatDuration, NBSP } from '../format';
import { hookCost, hookCostText } from '../nodes';

/** How connections along an edge go from source to destination, told from those that were seen last. */

/** `steered`: connected elsewhere than asked for. `passed`: the engine knows no service there. */
export type WayKind = 'steered' | 'passed' | 'untouched';

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

const kindOf = ({ engine, askedFor }: Connection): WayKind =>
  engine === 'off' ? 'untouched' : askedFor === null ? 'passed' : 'steered';

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

/** What a way is called where several are offered; engines that both steered are told apart. */
export const wayName = ({ kind, engine }: Way): string =>
  kind === 'untouched' ? 'Not steered' : kind === 'passed' ? 'Passed' : engine;

/** One stop of a way. */
export interface Stop {
  id: string;
  place: 'user' | 'kernel';
  title: string;
  text: string;
  /** Where it is, or when it happens, and what it takes where that is measured. */
  note: string | null;
  /** Not passed on this way. */
  skipped?: true;
}

/** `10.1.2.3:80`, `[fd00::1]:80`. */
export const addressText = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

const hostOf = ({ node, pid, process }: Connection['source']): string =>
  [node ?? 'outside the mesh', ...(pid === null ? (process === null ? [] : [process]) : [`pid ${pid}`])].join(
    ', ',
  );

/** Programs that take part in steering a connection of this family, on the source's node, in their order. */
export function steeringHooks(node: Node | undefined, latest: Connection): Hook[] {
  const family = latest.destination.address.includes(':') ? '6' : '4';
  const wanted = [`steer_connect${family}`, 'follow_sockops', `show_peername${family}`];
  return wanted.flatMap((name) => node?.hooks.find((hook) => hook.name === name) ?? []);
}

const per = (hooks: readonly Hook[], prefix: string, when: string): string => {
  const hook = hooks.find(({ name }) => name.startsWith(prefix));
  const cost = hook === undefined ? null : hookCost(hook);
  return cost === null ? when : `${when} · ${hookCostText(cost)}`;
};

/** The stops of a way, from source to destination. What is not known is left out. */
export function stopsOf(way: Way, edge: Edge, node: Node | undefined): Stop[] {
  const { kind, engine, latest } = way;
  const { source, destination, askedFor } = latest;
  const hooks = steeringHooks(node, latest);
  const went = addressText(destination.address, destination.port);
  const asked = askedFor === null ? went : addressText(askedFor.address, askedFor.port);
  const near = source.node !== null && source.node === destination.node;
  const roundTrip = edge.traffic.roundTripUs.p50;
  const application = edge.split?.applicationUs ?? null;
  const steering: Stop[] =
    kind === 'untouched'
      ? [
          {
            id: 'connect',
            place: 'kernel',
            title: 'connect',
            text: 'No engine: it goes where it asked to',
            note: null,
          },
        ]
      : [
          {
            id: 'connect',
            place: 'kernel',
            title: hooks[0]?.name ?? 'connect',
            text: kind === 'steered' ? `${asked} becomes ${went}` : `No service at ${went}: it passes`,
            note: per(hooks, 'steer_', 'once per connect'),
          },
          ...(kind === 'steered'
            ? [
                {
                  id: 'peer',
                  place: 'kernel' as const,
                  title: hooks.find(({ name }) => name.startsWith('show_'))?.name ?? 'getpeername',
                  text: `The source is shown ${asked}`,
                  note: per(hooks, 'show_', 'when it asks'),
                },
              ]
            : []),
          ...(engine === 'kernel-native' ? [] : [PAYLOAD]),
        ];
  return [
    {
      id: 'source',
      place: 'user',
      title: edge.sourceName,
      text: `connects to ${asked}`,
      note: hostOf(source),
    },
    ...steering,
    {
      id: 'tcp',
      place: 'kernel',
      title: 'TCP and IP',
      text: near
        ? `Both ends on ${source.node}`
        : `From ${source.node ?? 'outside'} to ${destination.node ?? 'outside'}`,
      note: roundTrip === null ? null : `round trip ${formatDuration(roundTrip)} (median)`,
    },
    {
      id: 'destination',
      place: 'user',
      title: edge.destinationName,
      text: application === null ? 'answers' : `answers after ${formatDuration(application)}${NBSP}(mean)`,
      note: hostOf(destination),
    },
  ];
}

/** Steering ends with connect(): no byte is touched, and no proxy is passed. */
const PAYLOAD: Stop = {
  id: 'payload',
  place: 'kernel',
  title: 'Payload',
  text: 'Not touched, and no proxy passed',
  note: null,
  skipped: true,
};
