// SPDX-License-Identifier: Apache-2.0
import type { HeaderChanges, HeaderValue, HttpRule, PathChange, Redirect, Rewrite } from '../model.js';
import type { Field } from './field.js';
import { fieldValue, path, TOKEN } from './http-match.js';
import { portNumber, subdomain } from './values.js';

/** What the filters of a rule come to. */
export type Filters = Pick<HttpRule, 'requestHeaders' | 'responseHeaders' | 'redirect' | 'rewrite'>;

const NO_CHANGES: HeaderChanges = { set: [], add: [], remove: [] };
const NO_FILTERS: Filters = {
  requestHeaders: NO_CHANGES,
  responseHeaders: NO_CHANGES,
  redirect: null,
  rewrite: null,
};

const HEADER_TYPES = ['RequestHeaderModifier', 'ResponseHeaderModifier'] as const;
const TYPES = [...HEADER_TYPES, 'RequestRedirect', 'URLRewrite'] as const;
/** Known to the Gateway API, not to us. */
const FOREIGN_TYPES = ['RequestMirror', 'CORS', 'ExternalAuth', 'ExtensionRef'];

export const readFilters = (field: Field): Filters => read(field, TYPES);

/** Filters of a single backend, which may change headers only. */
export const onlyHeaderFilters = (field: Field): Filters => read(field, HEADER_TYPES);

function read(field: Field, allowed: readonly [string, ...string[]]): Filters {
  let filters = NO_FILTERS;
  const seen = new Set<string>();
  for (const item of field.list()) {
    const type = readType(item.get('type'), allowed);
    if (type === null) continue;
    if (seen.has(type)) item.get('type').wrong('give each type of filter once: put the changes together');
    seen.add(type);
    filters = { ...filters, ...BY_TYPE[type](item) };
  }
  if (filters.redirect !== null && filters.rewrite !== null)
    field.error(`${field.name} both redirects and rewrites`, 'remove one of them');
  return filters;
}

function readType(field: Field, allowed: readonly [string, ...string[]]): (typeof TYPES)[number] | null {
  if (FOREIGN_TYPES.includes(field.value as string)) {
    field.error(
      `filters of type ${String(field.value)} are not supported`,
      `remove it; supported are ${allowed.join(', ')}`,
    );
    return null;
  }
  const type = field.oneOf(allowed);
  return TYPES.find((known) => known === type && type === field.value) ?? null;
}

const BY_TYPE: Readonly<Record<(typeof TYPES)[number], (item: Field) => Partial<Filters>>> = {
  RequestHeaderModifier: (item) => ({
    requestHeaders: readChanges(item.map(['type', 'requestHeaderModifier']).get('requestHeaderModifier')),
  }),
  ResponseHeaderModifier: (item) => ({
    responseHeaders: readChanges(item.map(['type', 'responseHeaderModifier']).get('responseHeaderModifier')),
  }),
  RequestRedirect: (item) => ({
    redirect: readRedirect(item.map(['type', 'requestRedirect']).get('requestRedirect')),
  }),
  URLRewrite: (item) => ({ rewrite: readRewrite(item.map(['type', 'urlRewrite']).get('urlRewrite')) }),
};

function readChanges(field: Field): HeaderChanges {
  if (!field.present) field.wrong('say which headers to set, add or remove');
  field.map(['set', 'add', 'remove']);
  const pairs = (key: string): HeaderValue[] =>
    field
      .get(key)
      .list()
      .map((item) => {
        item.map(['name', 'value']);
        return { name: headerName(item.get('name')), value: fieldValue(item.get('value')) };
      });
  return { set: pairs('set'), add: pairs('add'), remove: field.get('remove').list().map(headerName) };
}

/** Headers by which messages are framed or connections kept are not to be changed. */
const FRAMING = [
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

function headerName(field: Field): string {
  const name = field.matching(TOKEN, 'give the name of a header: letters, digits and -').toLowerCase();
  if (FRAMING.includes(name)) field.wrong('remove it: the connection itself depends on this header');
  if (name === 'host') field.wrong('change the host by a filter URLRewrite with hostname');
  return name;
}

function readRedirect(field: Field): Redirect {
  if (!field.present) field.wrong('say where to redirect to');
  field.map(['scheme', 'hostname', 'port', 'path', 'statusCode']);
  return {
    scheme: field.get('scheme').or(null, (scheme) => scheme.oneOf(['http', 'https'])),
    hostname: field.get('hostname').or(null, subdomain),
    port: field.get('port').or(null, portNumber),
    path: field.get('path').or(null, readChange),
    status: field.get('statusCode').or(302, readStatus),
  };
}

const STATUSES = [301, 302, 303, 307, 308] as const;

function readStatus(field: Field): Redirect['status'] {
  const status = STATUSES.find((known) => known === field.value);
  if (status !== undefined) return status;
  field.wrong(`give one of ${STATUSES.join(', ')}`);
  return 302;
}

function readRewrite(field: Field): Rewrite {
  field.map(['hostname', 'path']);
  if (!field.get('hostname').present && !field.get('path').present)
    field.error(`${field.name} rewrites nothing`, 'give hostname or path');
  return {
    hostname: field.get('hostname').or(null, subdomain),
    path: field.get('path').or(null, readChange),
  };
}

function readChange(field: Field): PathChange {
  field.map(['type', 'replaceFullPath', 'replacePrefixMatch']);
  const full = field.get('type').oneOf(['ReplaceFullPath', 'ReplacePrefixMatch']) === 'ReplaceFullPath';
  const [given, other] = full
    ? ([field.get('replaceFullPath'), field.get('replacePrefixMatch')] as const)
    : ([field.get('replacePrefixMatch'), field.get('replaceFullPath')] as const);
  if (other.present) other.error(`${other.name} does not go with this type`, 'remove it, or change the type');
  if (full) return { kind: 'full', value: path(given) };
  const value = given.value === '' ? '/' : path(given);
  return { kind: 'prefix', value: value.length > 1 ? value.replace(/\/$/, '') : value };
}
