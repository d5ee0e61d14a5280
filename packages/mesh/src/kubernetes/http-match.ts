// SPDX-License-Identifier: Apache-2.0
import type { HttpMatch, PathMatch, ValueMatch } from '../model.js';
import type { Field } from './field.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'] as const;

/** RFC 9110 token. */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/;

const EVERY_PATH: PathMatch = { kind: 'prefix', value: '/' };
const EVERYTHING: HttpMatch = { path: EVERY_PATH, method: null, headers: [], query: [] };

/** `matches` of a rule; without any, one that takes every request. */
export function readMatches(field: Field): readonly HttpMatch[] {
  const matches = field.list().map(readMatch);
  return matches.length === 0 ? [EVERYTHING] : matches;
}

function readMatch(item: Field): HttpMatch {
  item.map(['path', 'headers', 'queryParams', 'method']);
  return {
    path: item.get('path').or(EVERY_PATH, readPath),
    method: item.get('method').or(null, (field) => field.oneOf(METHODS)),
    headers: readValues(item.get('headers'), (name) => name.toLowerCase()),
    query: readValues(item.get('queryParams'), (name) => name),
  };
}

function readPath(field: Field): PathMatch {
  field.map(['type', 'value']);
  const type = field
    .get('type')
    .or('PathPrefix', (given) => given.oneOf(['Exact', 'PathPrefix', 'RegularExpression']));
  const value = field.get('value');
  if (!value.present) return EVERY_PATH;
  if (type === 'RegularExpression') return { kind: 'regex', value: regex(value) };
  const text = path(value);
  if (type === 'Exact') return { kind: 'exact', value: text };
  return { kind: 'prefix', value: text.length > 1 ? text.replace(/\/$/, '') : text };
}

/** An absolute path as requests carry it: visible ASCII, nothing that proxies normalize in different ways. */
export function path(field: Field): string {
  const text = field.text('give a path that begins with /');
  if (text === '') return '/';
  if (!/^\/[\x21-\x7e]{0,1023}$/.test(text))
    field.wrong('give a path of at most 1024 visible characters that begins with /');
  else if (/\/\/|\/\.\.?(\/|$)|%2f|[?#]/i.test(text))
    field.wrong('give a path without //, /./, /../, %2f, ? and #');
  return text;
}

/** Names are unique; of a repeated one the Gateway API would ignore all but the first. */
function readValues(field: Field, normal: (name: string) => string): readonly ValueMatch[] {
  const seen = new Set<string>();
  return field.list().map((item) => {
    item.map(['type', 'name', 'value']);
    const type = item.get('type').or('Exact', (given) => given.oneOf(['Exact', 'RegularExpression']));
    const name = normal(item.get('name').matching(TOKEN, 'give a name of letters, digits and -'));
    if (seen.has(name))
      item.get('name').wrong('give each name once: the conditions of one match all have to hold');
    seen.add(name);
    const value = item.get('value');
    if (type === 'RegularExpression') return { kind: 'regex', name, value: regex(value) };
    return { kind: 'exact', name, value: fieldValue(value) };
  });
}

/** What a header may hold: visible characters, spaces and tabs within. */
export function fieldValue(field: Field): string {
  return field.matching(
    /^[\x21-\x7e]([\x20-\x7e\t]{0,4094}[\x21-\x7e])?$/,
    'give a text of at most 4096 ASCII characters, no space at its ends',
  );
}

/** A regular expression of the kind that PCRE and JavaScript share; `(?i)` may stand in front. */
function regex(field: Field): string {
  const text = field.text('give a regular expression');
  if (!/^[\x20-\x7e]{0,1024}$/.test(text)) {
    field.wrong('give a regular expression of at most 1024 ASCII characters');
    return '';
  }
  try {
    new RegExp(text.replace(/^\(\?i\)/, ''));
  } catch (error) {
    field.wrong(`mend the regular expression (${(error as Error).message.replace(/^.*: /, '')})`);
  }
  return text;
}
