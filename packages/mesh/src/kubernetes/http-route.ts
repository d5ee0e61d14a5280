// SPDX-License-Identifier: Apache-2.0
import type { HttpRule, Retry, RouteParent, RouteTimeouts, WeightedBackend } from '../model.js';
import type { HttpRouteDeclaration, Origin } from './declaration.js';
import type { Field } from './field.js';
import { onlyHeaderFilters, readFilters } from './http-filters.js';
import { readMatches } from './http-match.js';
import { type MetadataRules, readMetadata } from './metadata.js';
import { readRateLimit } from './rate-limit.js';
import { duration, label, portNumber, subdomain } from './values.js';

const RATE_LIMIT = 'undermesh.io/rate-limit';
const METADATA: MetadataRules = {
  namespaced: true,
  shortName: false,
  annotations: [RATE_LIMIT],
  labels: [],
};
const GATEWAY_GROUP = 'gateway.networking.k8s.io';
const MAXIMUM_ATTEMPTS = 10;

/** An `HTTPRoute` of `gateway.networking.k8s.io`. Whether what it refers to exists is found out later. */
export function readHttpRoute(object: Field, origin: Origin): HttpRouteDeclaration {
  const { namespace, name, createdAtMs, annotations } = readMetadata(object, METADATA);
  const spec = object.get('spec').map(['parentRefs', 'hostnames', 'rules', 'useDefaultGateways']);
  const parents = spec.get('parentRefs').list();
  if (parents.length === 0)
    spec.get('parentRefs').error('spec.parentRefs names no parent', 'name a Service or a Gateway');
  const rules = spec.get('rules').list();
  if (rules.length === 0)
    spec.get('rules').error('spec.rules holds no rule', 'give at least one with backendRefs');
  return {
    kind: 'HTTPRoute',
    namespace,
    name,
    origin,
    route: {
      namespace,
      name,
      createdAtMs,
      hostnames: spec.get('hostnames').list().map(hostname),
      parents: parents.map((parent) => readParent(parent, namespace)),
      rules: rules.map((rule) => readRule(rule, namespace)),
      rateLimit: annotations.get(RATE_LIMIT).or(null, readRateLimit),
    },
  };
}

function hostname(field: Field): string {
  return field.matching(
    /^(?=.{1,253}$)(?:\*\.)?(?![0-9.]+$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/,
    'give a host name in lower case, such as shop.example or *.shop.example; no address, no port',
  );
}

function readParent(item: Field, ownNamespace: string): RouteParent {
  item.map(['group', 'kind', 'namespace', 'name', 'sectionName', 'port']);
  const kind = item.get('kind').or('Gateway', (field) => field.oneOf(['Gateway', 'Service']));
  const group = kind === 'Service' ? '' : GATEWAY_GROUP;
  const given = item.get('group');
  if (
    kind === 'Service'
      ? given.or('', (field) => field.value) !== ''
      : given.or(group, (field) => field.value) !== group
  )
    given.wrong(kind === 'Service' ? 'write group: ""' : `write ${group}`);
  const namespace = item.get('namespace').or(ownNamespace, label);
  if (kind === 'Service' && namespace !== ownNamespace)
    item
      .get('namespace')
      .wrong(`put the route into namespace ${namespace}: routes of clients' own are not supported`);
  if (kind === 'Gateway' && item.get('sectionName').present)
    item
      .get('sectionName')
      .warn(
        `${item.get('sectionName').name} is not looked at`,
        'a route of a waypoint counts on every listener; remove it',
      );
  return {
    kind: kind === 'Service' ? 'service' : 'waypoint',
    namespace,
    name: subdomain(item.get('name')),
    port: item.get('port').or(null, portNumber),
  };
}

function readRule(item: Field, namespace: string): HttpRule {
  item.map(['name', 'matches', 'filters', 'backendRefs', 'timeouts', 'retry']);
  const matches = readMatches(item.get('matches'));
  const filters = readFilters(item.get('filters'));
  const references = item.get('backendRefs');
  const backends = references.list().map((reference) => readBackend(reference, namespace));
  if (filters.redirect !== null && backends.length > 0)
    references.error(
      `${references.name} stands beside a redirect, which answers itself`,
      'remove one of them',
    );
  if (filters.redirect === null && backends.length === 0)
    item.warn(`${item.name} has no backendRefs: what it takes is answered with 500`, 'name a Service');
  const change = filters.redirect?.path ?? filters.rewrite?.path ?? null;
  if (change?.kind === 'prefix' && matches.some((match) => match.path.kind !== 'prefix'))
    item
      .get('filters')
      .error(
        `${item.get('filters').name} replaces a prefix, but not every match of the rule is by PathPrefix`,
        'use ReplaceFullPath, or PathPrefix matches only',
      );
  return {
    matches,
    ...filters,
    backends,
    timeouts: readTimeouts(item.get('timeouts')),
    retry: item.get('retry').or(null, readRetry),
  };
}

function readBackend(item: Field, ownNamespace: string): WeightedBackend {
  item.map(['group', 'kind', 'namespace', 'name', 'port', 'weight', 'filters']);
  item.get('kind').or('Service', (field) => field.oneOf(['Service']));
  if (item.get('group').or('', (field) => field.value) !== '') item.get('group').wrong('write group: ""');
  const { requestHeaders, responseHeaders } = onlyHeaderFilters(item.get('filters'));
  return {
    service: { namespace: item.get('namespace').or(ownNamespace, label), name: label(item.get('name')) },
    port: portNumber(item.get('port')),
    weight: item.get('weight').or(1, (field) => field.integer(0, 1_000_000)),
    requestHeaders,
    responseHeaders,
  };
}

function readTimeouts(field: Field): RouteTimeouts {
  field.map(['request', 'backendRequest']);
  const requestMs = field.get('request').or(null, duration);
  const backendRequestMs = field.get('backendRequest').or(null, duration);
  if (requestMs !== null && backendRequestMs !== null && backendRequestMs > requestMs)
    field.get('backendRequest').wrong('give no more than the timeout of the whole request');
  return { requestMs, backendRequestMs };
}

function readRetry(field: Field): Retry {
  field.map(['codes', 'attempts', 'backoff']);
  return {
    attempts: field.get('attempts').or(1, (attempts) => attempts.integer(1, MAXIMUM_ATTEMPTS)),
    codes: field.get('codes').list().map(readCode),
    backoffMs: field.get('backoff').or(null, duration),
  };
}

/** What proxies can tell from a response's head alone. */
const RETRYABLE = [401, 403, 404, 408, 425, 500, 501, 502, 503, 504];

function readCode(field: Field): number {
  const code = RETRYABLE.find((known) => known === field.value);
  if (code === undefined) field.wrong(`give one of ${RETRYABLE.join(', ')}`);
  return code ?? 503;
}
