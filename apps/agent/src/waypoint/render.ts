// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import type { Balancing, HeaderChanges, PathChange, Redirect, Retry } from '@undermesh/mesh';
import { conditionsOf, pathVariables } from './conditions.js';
import type { PlannedMatch, PlannedRule, PlannedService, PlannedTarget, Pool, WaypointPlan } from './plan.js';
import { literal, quote, socketAddress, visible } from './quote.js';
import { LOG_FORMAT, NUMBERING } from './request-log.js';
import { assignSlots, type SlotBook, slotLines } from './slots.js';

/** Configuration of one HAProxy, and the map file that it reads, named by its contents. */
export interface Rendered {
  readonly configuration: string;
  readonly map: { readonly name: string; readonly text: string };
}

export interface RenderOptions {
  /** Directory of the map file and of the worker's socket. */
  readonly directory: string;
  /** Who HAProxy runs as once it listens; `null`: as who starts it. */
  readonly user: string | null;
  /** Slots of the configuration in force. */
  readonly slots: SlotBook;
  /** Whether its standard output is read: then it tells of each request there. */
  readonly tellsRequests: boolean;
}

/**
 * Renders a waypoint for HAProxy 2.6. A connection is for the service that its original destination names, whether
 * `getsockname()` answered with that (an option on the SYN) or the PROXY protocol; one to anywhere else is refused.
 */
export function renderWaypoint(plan: WaypointPlan, options: RenderOptions): Rendered {
  const map = mapOf(plan.services);
  const sections = [
    globalSection(options),
    defaultsSection(),
    frontendSection(plan, `${options.directory}/${map.name}`, options),
    ...(options.tellsRequests ? [section('backend request_lines', NUMBERING.table)] : []),
    ...plan.services.map(({ id, pool }) => backendSection(`service_${id}`, pool, options.slots)),
    ...plan.rules.flatMap((rule) => rule.targets.map((target) => targetSection(rule, target, options.slots))),
  ];
  return { configuration: `${sections.join('\n')}`, map };
}

const section = (head: string, lines: readonly string[]): string =>
  `${[head, ...lines.map((line) => `    ${line}`)].join('\n')}\n`;

function mapOf(services: readonly PlannedService[]): Rendered['map'] {
  const text = services
    .flatMap(({ id, addresses, port }) => addresses.map((address) => `${address}|${port} ${id}\n`))
    .join('');
  return { name: `services-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.map`, text };
}

function globalSection({ user, directory }: RenderOptions): string {
  return section('global', [
    ...(user === null ? [] : [`user ${user}`]),
    `stats socket ${directory}/worker.sock mode 600 level admin`,
    'fd-hard-limit 40100',
    'tune.bufsize 32768',
    'log stderr format short daemon',
  ]);
}

/** Long waits are the application's own affair: what it set for itself is shorter. */
function defaultsSection(): string {
  return section('defaults', [
    'mode http',
    'timeout connect 3s',
    'timeout client 1h',
    'timeout server 1h',
    'timeout tunnel 24h',
    'timeout http-request 1m',
    'timeout http-keep-alive 10m',
    'retries 2',
    'option redispatch 1',
    'option forwardfor',
    'option idle-close-on-response',
  ]);
}

function frontendSection(plan: WaypointPlan, mapFile: string, { tellsRequests }: RenderOptions): string {
  const { services, matches, rules } = plan;
  return section('frontend waypoint', [
    ...bindLines(plan),
    ...(tellsRequests ? LOGGING : []),
    'tcp-request session set-var-fmt(sess.destination) %[dst]|%[dst_port]',
    `tcp-request session set-var(sess.service) var(sess.destination),map_str_int(${mapFile})`,
    'tcp-request session reject unless { var(sess.service) -m found }',
    ...services
      .filter(({ routed }) => routed)
      .map(({ id }) => `acl service_${id} var(sess.service) -m int ${id}`),
    ...(tellsRequests ? NUMBERING.request : []),
    'acl matched var(txn.match) -m found',
    ...pathVariables,
    ...matches.flatMap(matchLines),
    ...services
      .filter(({ routed }) => routed)
      .map(({ id }) => `http-request return status 404 if service_${id} !matched`),
    ...(rules.some(({ rule }) => rule.redirect !== null) ? REDIRECT_VARIABLES : []),
    ...rules.flatMap(ruleLines),
    'use_backend target_%[var(txn.target)] if { var(txn.target) -m found }',
    'use_backend service_%[var(sess.service)]',
  ]);
}

/** A connection that nothing was asked on is not told of. */
const LOGGING = [
  'log stdout format raw local0',
  `log-format '${LOG_FORMAT}'`,
  'option dontlognull',
  'option http-ignore-probes',
  ...NUMBERING.session,
];

function bindLines({ waypoint }: WaypointPlan): string[] {
  const addresses = [...waypoint.addresses.v4, ...waypoint.addresses.v6];
  return waypoint.listeners
    .filter(({ transport }) => transport !== 'kmesh-tlv')
    .flatMap(({ port, transport }) =>
      addresses.map(
        (address) => `bind ${socketAddress(address, port)}${transport === 'proxy-v2' ? ' accept-proxy' : ''}`,
      ),
    );
}

/**
 * The first match that takes the request leaves its number. Tests stand in braces, as HAProxy takes a time that grows with
 * the square of the number of names; only a text that would close the brace needs a name.
 */
function matchLines(planned: PlannedMatch): string[] {
  const { id, serviceId } = planned;
  const lines: string[] = [];
  const tests = conditionsOf(planned).map((test, at) => {
    if (!test.endsWith(` ${quote('}')}`)) return `{ ${test} }`;
    lines.push(`acl match_${id}_${at} ${test}`);
    return `match_${id}_${at}`;
  });
  const service = serviceId === null ? [] : [`service_${serviceId}`];
  const conditions = ['!matched', ...service, ...tests].join(' ');
  return [...lines, `http-request set-var(txn.match) int(${id}) if ${conditions}`];
}

/** Answers, or draws the target by weight. */
function ruleLines({ id, rule, matches, targets }: PlannedRule): string[] {
  const taken = `rule_${id}`;
  const lines = [`acl ${taken} var(txn.match) -m int ${matches.map((match) => match.id).join(' ')}`];
  if (rule.redirect !== null) return [...lines, ...redirectLines(rule.redirect, matches)];
  if (targets.length === 0) return [...lines, `http-request return status 500 if ${taken}`];
  const total = targets.reduce((sum, { backend }) => sum + backend.weight, 0);
  lines.push(`http-request set-var(txn.draw) rand(${total}) if ${taken}`);
  let below = 0;
  for (const target of targets) {
    below += target.backend.weight;
    lines.push(
      `http-request set-var(txn.target) int(${target.id}) if ${taken} !{ var(txn.target) -m found } { var(txn.draw) -m int lt ${below} }`,
    );
  }
  return lines;
}

/** The port that the client named, unless it is HTTP's own, and the query with its question mark. */
const REDIRECT_VARIABLES = [
  'http-request set-var-fmt(txn.port) :%[dst_port] unless { dst_port 80 }',
  'http-request set-var-fmt(txn.query) ?%[query] if { query -m found }',
];

const OWN_PORTS = { http: 80, https: 443 } as const;

function redirectLines(redirect: Redirect, matches: readonly PlannedMatch[]): string[] {
  const { scheme, hostname, port, path, status } = redirect;
  const host = hostname === null ? '%[req.hdr(host),host_only]' : literal(visible(hostname));
  const before = `${scheme ?? 'http'}://${host}${portFormat(scheme, port)}`;
  return pathFormats(path, matches).map(
    ({ format, condition }) =>
      `http-request redirect code ${status} location ${quote(`${before}${format}%[var(txn.query)]`)} if ${condition}`,
  );
}

/** Without a port given, a scheme given brings its own; else the one asked for stays. */
function portFormat(scheme: Redirect['scheme'], port: number | null): string {
  if (port === null) return scheme === null ? '%[var(txn.port)]' : '';
  return port === OWN_PORTS[scheme ?? 'http'] ? '' : `:${port}`;
}

/**
 * What the path becomes, by the match that took it: its prefix may be replaced. All goes by the path as it came, which
 * `txn.path` keeps.
 */
function pathFormats(
  change: PathChange | null,
  matches: readonly PlannedMatch[],
): { readonly format: string; readonly condition: string }[] {
  return matches.flatMap(({ id, match }) => {
    const condition = `{ var(txn.match) -m int ${id} }`;
    if (change === null) return [{ format: '%[var(txn.path)]', condition }];
    const value = literal(visible(change.value));
    if (change.kind === 'full') return [{ format: value, condition }];
    const prefix = match.path.value;
    const rest = prefix === '/' ? '%[var(txn.path)]' : `%[var(txn.path),bytes(${prefix.length})]`;
    if (change.value !== '/') return [{ format: `${value}${rest}`, condition }];
    if (prefix === '/') return [{ format: rest, condition }];
    const whole = `{ var(txn.path) -m str -- ${quote(prefix)} }`;
    return [
      { format: '/', condition: `${condition} ${whole}` },
      { format: rest, condition: `${condition} !${whole}` },
    ];
  });
}

const backendSection = (name: string, pool: Pool, slots: SlotBook): string =>
  section(`backend ${name}`, [...UNANSWERED, ...poolLines(name, pool, slots)]);

function targetSection(
  { rule, matches }: PlannedRule,
  { id, backend, pool }: PlannedTarget,
  slots: SlotBook,
): string {
  const { rewrite, retry } = rule;
  const path = rewrite?.path ?? null;
  const timeoutMs = rule.timeouts.backendRequestMs ?? rule.timeouts.requestMs;
  return section(`backend target_${id}`, [
    ...(timeoutMs === null ? [] : [`timeout server ${timeoutMs}ms`]),
    ...retryLines(retry),
    ...(path === null ? [] : pathLines(path, matches)),
    ...(rewrite === null || rewrite.hostname === null
      ? []
      : [`http-request set-header Host ${quote(literal(visible(rewrite.hostname)))}`]),
    ...headerLines('http-request', rule.requestHeaders),
    ...headerLines('http-request', backend.requestHeaders),
    ...headerLines('http-after-response', backend.responseHeaders),
    ...headerLines('http-after-response', rule.responseHeaders),
    ...poolLines(`target_${id}`, pool, slots),
  ]);
}

function pathLines(path: PathChange, matches: readonly PlannedMatch[]): string[] {
  return pathFormats(path, matches).map(
    ({ format, condition }) => `http-request set-path ${quote(format)} if ${condition}`,
  );
}

/**
 * A server may close a kept connection just as a request is sent on it, which no proxy can foresee. What changes nothing is
 * asked again then; other methods only where the route names statuses, as the server may have done what it did not answer.
 */
const UNANSWERED = [
  'retry-on conn-failure empty-response',
  'http-request disable-l7-retry unless { method GET HEAD OPTIONS }',
];

function retryLines(retry: Retry | null): string[] {
  if (retry === null) return UNANSWERED;
  const { attempts, codes } = retry;
  if (codes.length === 0) return [`retries ${attempts}`, ...UNANSWERED];
  const timeout = codes.includes(504) ? ['response-timeout'] : [];
  return [
    `retries ${attempts}`,
    ['retry-on', 'conn-failure', 'empty-response', ...timeout, ...codes].join(' '),
  ];
}

function headerLines(action: string, { set, add, remove }: HeaderChanges): string[] {
  return [
    ...set.map(({ name, value }) => `${action} set-header ${quote(name)} ${quote(literal(value))}`),
    ...add.map(({ name, value }) => `${action} add-header ${quote(name)} ${quote(literal(value))}`),
    ...remove.map((name) => `${action} del-header ${quote(name)} -m str`),
  ];
}

const BALANCE: Readonly<Record<Balancing, string>> = {
  'weighted-random': 'random(1)',
  'round-robin': 'roundrobin',
  'least-connections': 'leastconn',
};

function poolLines(backend: string, { balancing, servers }: Pool, before: SlotBook): string[] {
  return [`balance ${BALANCE[balancing]}`, ...slotLines(assignSlots(servers, before.get(backend)))];
}
