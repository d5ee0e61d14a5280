// SPDX-License-Identifier: Apache-2.0
import type { Edge, RefusalReason, Requests, Via } from '@undermesh/schema';
import {
  formatBytes,
  formatDuration,
  formatNumber,
  formatRate,
  formatShare,
  formatSpan,
  formatTime,
  listed,
  plural,
} from '../words/figures.js';
import { reasonWords } from '../words/names.js';
import { routeName, ruleName } from '../words/route-columns.js';
import { attempts, byCount, failedShare, retransmitShare } from '../words/traffic.js';
import type { Facts, Failure, TakenRoute } from './facts.js';
import { fullName } from './find-workload.js';
import { type TimePart, timeParts } from './time-split.js';

/** From this share on, one part of the time is most of it. */
const MOST = 0.6;

/** What is known between two workloads as plain sentences, the most important first. `now`: Unix ms. */
export function story(facts: Facts, now: number): string[] {
  const { forward } = facts;
  const sentences =
    forward === null
      ? [...noEdge(facts)]
      : forward.via !== null
        ? [...overWaypoint(facts, forward, forward.via), health(forward, now), ...theOtherWay(facts)]
        : [
            traffic(facts, forward),
            ...requests(facts, forward),
            failures(facts, forward, now),
            ...refusals(facts),
            health(forward, now),
            ...time(facts, forward),
            ...protocols(forward),
            ...steering(facts),
            ...routes(facts),
            ...theOtherWay(facts),
            reporters(facts, forward),
          ];
  return [...sentences, ...partial(facts, now)];
}

const spanOf = ({ window }: Facts): string => `the last ${formatSpan(window.seconds)}`;
const atLeast = ({ partial: isPartial }: Edge): string => (isPartial ? 'at least ' : '');

function traffic(facts: Facts, edge: Edge): string {
  const { opened, open, sentBytes, receivedBytes } = edge.traffic;
  const [from, to] = [fullName(facts.source), fullName(facts.destination)];
  const rate = `${formatRate(opened / facts.window.seconds)} per second`;
  const ports =
    edge.ports.length === 0
      ? ''
      : ` on port${edge.ports.length > 1 ? 's' : ''} ${listed(edge.ports.map(String))}`;
  const isOpen =
    open === 0 ? 'None is open now' : `${formatNumber(open)} ${open === 1 ? 'is' : 'are'} open now`;
  const did =
    opened === 0
      ? `${from} opened no connection to ${to}${ports} in ${spanOf(facts)}.`
      : `${from} opened ${atLeast(edge)}${plural(opened, 'connection')} to ${to}${ports} in ${spanOf(facts)}, ${rate}.`;
  return `${did} ${isOpen}. ${formatBytes(sentBytes)} went there, ${formatBytes(receivedBytes)} came back.`;
}

/** Requests that go through a waypoint: no connection goes all the way. */
function overWaypoint(facts: Facts, edge: Edge, via: Via): string[] {
  const [from, to] = [fullName(facts.source), fullName(facts.destination)];
  const waypoint = fullName(via);
  const { time, share, waypointUs } = via;
  return [
    `${from} reaches ${to} through the waypoint ${waypoint}: their connections end there.`,
    ...requests(facts, edge),
    ...(time === null || share === null
      ? ['How much of the time the waypoint takes is not known.']
      : [
          `On average a request takes ${formatDuration(time.totalUs)} there: ${formatDuration(time.waypointUs)} (${formatShare(share)}) in ${waypoint} itself, ${formatDuration(time.beyondUs)} in ${to} and on the way to it. Of its own the waypoint takes ${formatDuration(waypointUs.p50)} at p50, ${formatDuration(waypointUs.p99)} at p99.`,
        ]),
  ];
}

function requests(facts: Facts, edge: Edge): string[] {
  const of: Requests | null = edge.traffic.requests;
  if (of === null || of.total === 0) return [];
  const { statusClasses, total, firstByteUs } = of;
  const errors = (statusClasses['5xx'] ?? 0) + (statusClasses.none ?? 0);
  const classes = byCount(statusClasses).map(
    ([name, count]) => `${formatNumber(count)} ${name === 'none' ? 'without an answer' : name}`,
  );
  const failed = errors === 0 ? 'none failed' : `${formatShare(errors / total)} failed`;
  return [
    `${edge.via === null ? 'They carried' : 'That were'} ${plural(total, 'HTTP request')}, ${formatRate(total / facts.window.seconds)} per second; ${failed} (${listed(classes)}).`,
    ...(firstByteUs.p50 === null
      ? []
      : [
          `The first byte of the answer came after ${formatDuration(firstByteUs.p50)} at p50, ${formatDuration(firstByteUs.p99)} at p99, as the ${edge.via === null ? of.seenBy : 'waypoint'} sees it.`,
        ]),
  ];
}

function failures(facts: Facts, edge: Edge, now: number): string {
  const { failed, broken } = edge.traffic;
  if (failed.total === 0 && broken.total === 0) return 'No connect failed, and no connection broke.';
  const what = facts.failures.map((failure) => failureWords(failure, now));
  const connects =
    failed.total === 0
      ? []
      : [
          `${formatNumber(failed.total)} of ${plural(attempts(edge.traffic), 'connect')} failed (${formatShare(failedShare(edge.traffic))})`,
        ];
  const breaks = broken.total === 0 ? [] : [`${plural(broken.total, 'connection')} broke`];
  return `${listed([...connects, ...breaks])}: ${listed(what)}.`;
}

function failureWords({ reason, count, since, last }: Failure, now: number): string {
  const times = [
    ...(since === null ? [] : [`since ${formatTime(since, now)}`]),
    ...(last?.endedAt == null ? [] : [`the last at ${formatTime(last.endedAt, now)}`]),
  ];
  const when = times.length === 0 ? '' : ` (${times.join(', ')})`;
  return `${formatNumber(count)} ${reasonWords(reason)}${when}`;
}

/** What the mesh refused, and why. */
const refusals = ({ failures: all, destination }: Facts): string[] =>
  all.flatMap(({ reason, last }) => {
    const why = REFUSAL_WORDS[reason as RefusalReason];
    if (why === undefined) return [];
    const service = last?.service ?? { namespace: destination.namespace, name: destination.name };
    return [`The mesh refused them where they were made: ${why.replace('SERVICE', fullName(service))}.`];
  });

const REFUSAL_WORDS: Readonly<Record<RefusalReason, string>> = {
  no_endpoint: 'SERVICE has no endpoint that is ready',
  no_endpoint_near: 'SERVICE has endpoints, and none where its locality lets connects go',
  no_waypoint: 'the waypoint of SERVICE cannot be reached from that node',
  not_steered: 'what it takes to steer to SERVICE was missing in the kernel',
  too_many: 'SERVICE had its maximum of connections from that node',
  no_route: 'SERVICE has routes, and none takes these requests',
  route_rejects: 'the route of SERVICE that takes these requests has no backend, or none with an endpoint',
  rate_limited: 'the route of SERVICE that takes these requests lets no more pass in the time',
};

function health({ health: verdict, healthReason, healthSince }: Edge, now: number): string {
  const since = healthSince === null ? '' : ` since ${formatTime(healthSince, now)}`;
  switch (verdict) {
    case 'ok':
      return 'Over the last minute it is well.';
    case 'unknown':
      return 'How it is now is not known.';
    case 'warning':
      return `It needs a look${since}: ${healthReason ?? 'see below'}.`;
    case 'failing':
      return `It is failing${since}: ${healthReason ?? 'see below'}.`;
  }
}

function time(facts: Facts, edge: Edge): string[] {
  const { connectUs, roundTripUs } = edge.traffic;
  const resent = retransmitShare(edge.traffic);
  const known = [
    ...(connectUs.p50 === null
      ? []
      : [
          `connecting takes ${formatDuration(connectUs.p50)} at p50 and ${formatDuration(connectUs.p99)} at p99`,
        ]),
    ...(roundTripUs.p50 === null ? [] : [`one round trip ${formatDuration(roundTripUs.p50)} at p50`]),
    ...(resent === null
      ? []
      : [
          resent === 0
            ? 'no segment was sent again'
            : `${formatShare(resent)} of the segments were sent again`,
        ]),
  ];
  const network = known.length === 0 ? [] : [capital(`${listed(known)}.`)];
  return [...whereTimeGoes(facts, edge), ...network];
}

function whereTimeGoes({ source, destination }: Facts, { split }: Edge): string[] {
  if (split === null) return [];
  const parts = timeParts(split);
  const [first, second] = parts;
  if (first === undefined) return [];
  const placeOf = ({ name }: TimePart): string =>
    ({
      network: 'the network',
      application: `the application ${fullName(destination)}`,
      local: `${fullName(source)}'s own host`,
    })[name];
  const figures = parts.map(
    (part) =>
      `${formatDuration(part.us)}${parts.length > 1 ? ` (${formatShare(part.share)})` : ''} in ${placeOf(part)}`,
  );
  const total = split.totalUs === null ? '' : `${formatDuration(split.totalUs)} to its first byte: `;
  const verdict =
    second === undefined
      ? 'Where else time goes is not known'
      : first.share >= MOST
        ? `Most of it is ${placeOf(first)}`
        : `Most of it is ${placeOf(first)} and ${placeOf(second)}`;
  return [`On average a request takes ${total}${listed(figures)}. ${verdict}.${BASIS_WORDS[split.basis]}`];
}

/** What a split rests on, where that is less than both ends' clocks. */
const BASIS_WORDS = {
  both: '',
  source: ' Only the source timed it: the network is a round trip, the rest counts as the application.',
  destination: ' Only the destination timed it: the network is a round trip.',
} as const;

const PROTOCOL_WORDS = {
  http1: 'HTTP/1.1',
  tls: 'TLS',
  http2: 'HTTP/2',
  other: 'some other protocol',
} as const;

/** What decided where connections went. */
function steering({ steering: engines }: Facts): string[] {
  const [first, second] = engines;
  if (first === undefined) return [];
  if (second === undefined && first.engine === 'off') {
    return ['No engine steered them: they went where they were asked to go.'];
  }
  const asked = [...new Set(engines.flatMap(({ askedFor }) => askedFor))];
  const wanted = asked.length === 0 ? '' : `; they had asked for ${listed(asked)}`;
  const total = plural(
    engines.reduce((sum, { connections }) => sum + connections, 0),
    'connection',
  );
  if (second === undefined)
    return [capital(`${ENGINE_WORDS[first.engine]} steered the newest ${total}${wanted}.`)];
  const shares = engines.map(
    ({ engine, connections }) => `${ENGINE_WORDS[engine]} steered ${formatNumber(connections)}`,
  );
  return [capital(`${listed(shares)} of the newest ${total}${wanted}.`)];
}

/** Routes that are told of. */
const MOST_ROUTES = 3;

/** Why requests took the backend they took. */
function routes({ routes: taken }: Facts): string[] {
  const total = taken.reduce((sum, { requests }) => sum + requests, 0);
  if (total === 0) return [];
  const ways = taken
    .slice(0, MOST_ROUTES)
    .map((one) => `${formatShare(one.requests / total)} by ${routeWords(one)}`);
  const more =
    taken.length > MOST_ROUTES ? [`the rest by ${plural(taken.length - MOST_ROUTES, 'other route')}`] : [];
  return [
    `The kernel chose the backend of ${plural(total, 'request')} since the collector started: ${[...ways, ...more].join('; ')}.`,
  ];
}

/** `shop/canary, rule 1 (GET /api/*), then by weight: shop/catalogue:8080 90, shop/catalogue-v2:8080 10`. */
function routeWords(route: TakenRoute): string {
  if (route.route === null) return `${routeName(route)}, which no node names`;
  const named = `${ruleName(route)} (${routeName(route)})`;
  const backends = route.backends.filter(({ backend }) => backend !== null);
  if (backends.length < 2) return named;
  return `${named}, then by weight: ${backends.map(({ backend, weight }) => `${backend} ${formatNumber(weight)}`).join(', ')}`;
}

const ENGINE_WORDS = {
  off: 'no engine',
  'dual-engine': 'the dual engine',
  'kernel-native': 'the kernel-native engine',
} as const;

/** Says how much has no request latency, and why. */
function protocols({ traffic: { protocols: counted, closed } }: Edge): string[] {
  const others = byCount(counted).filter(([name]) => name !== 'http1');
  const total = byCount(counted).reduce((sum, [, count]) => sum + count, 0);
  const without = others.reduce((sum, [, count]) => sum + count, 0);
  if (closed === 0 || without === 0) return [];
  const names = others.map(([name]) => PROTOCOL_WORDS[name as keyof typeof PROTOCOL_WORDS] ?? name);
  return [
    `${formatShare(without / total)} of the connections carry ${listed(names)}: their requests cannot be timed.`,
  ];
}

function theOtherWay({ source, destination, backward, window }: Facts): string[] {
  if (source.id === destination.id) return [];
  const [from, to] = [fullName(destination), fullName(source)];
  if (backward === null) return [`${from} opens no connections to ${to}.`];
  const { opened, failed } = backward.traffic;
  const rate = `${formatRate(opened / window.seconds)} per second`;
  const bad = failed.total === 0 ? '' : `, and failed to ${formatNumber(failed.total)} times`;
  return [`The other way, ${from} opened ${plural(opened, 'connection')} to ${to}, ${rate}${bad}.`];
}

function reporters({ source, destination }: Facts, { seenBy }: Edge): string {
  switch (seenBy) {
    case 'both':
      return 'Both ends report.';
    case 'source':
      return `Only the source reports: no agent tells what ${fullName(destination)} sees.`;
    case 'destination':
      return `Only the destination reports: no agent tells what ${fullName(source)} sees, failed connects among it.`;
  }
}

function* noEdge(facts: Facts): Generator<string> {
  const [from, to] = [fullName(facts.source), fullName(facts.destination)];
  yield `No connection from ${from} to ${to} was seen in ${spanOf(facts)}, and none is open.`;
  const [way, ...more] = facts.through;
  if (way !== undefined) {
    const others = more.length === 0 ? '' : ` (and over ${listed(more.map(({ via }) => fullName(via)))})`;
    yield `They are linked over ${fullName(way.via)}${others}: ${from} calls it, and it calls ${to}. Whether one causes the other is not known.`;
  } else {
    yield 'No third workload links them either: none is called by the one and calls the other.';
  }
  yield* theOtherWay(facts);
}

function partial({ silent }: Facts, now: number): string[] {
  return silent.map(({ name, lastSeenAt }) => {
    const since =
      lastSeenAt === null
        ? 'has not been heard of'
        : `is silent since ${formatTime(lastSeenAt, now)} (${formatSpan((now - Date.parse(lastSeenAt)) / 1000)})`;
    return `Node ${name} ${since}: figures are lower bounds.`;
  });
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
