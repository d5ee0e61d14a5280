// SPDX-License-Identifier: Apache-2.0
import type { Edge, Vertex, Window } from '@undermesh/schema';
import { MEASURES, type MeasureId } from './measures';

/**
 * The language of Find and Hide. Terms are joined by "and":
 * `front` `name:front` `ns:shop` `node:shop-1` `version:v2` `health:failing` `port:8080` `is:external`
 * `requests > 10` `errors > 1 %` `p99 > 50 ms` `rt > 50 ms` `rate > 10` `failed > 1 %` `connect > 5 ms` `rtt > 5 ms`
 * `bytes > 1 MB` `open > 100` `retransmits > 0.1 %`.
 * A leading `-` hides instead of finding.
 */
export type Term =
  | { kind: 'text'; field: TextField; text: string; hide: boolean }
  | { kind: 'port'; port: number; hide: boolean }
  | { kind: 'health'; healths: readonly string[]; hide: boolean }
  | { kind: 'figure'; measure: MeasureId; operator: Operator; value: number; hide: boolean };
export type TextField = 'any' | 'name' | 'ns' | 'node' | 'version' | 'is';
type Operator = '>' | '>=' | '<' | '<=' | '=';

export interface Query {
  terms: readonly Term[];
  /** What could not be read, in a sentence. */
  problem: string | null;
}

const FIELDS: Record<string, TextField | 'port' | 'health'> = {
  name: 'name',
  ns: 'ns',
  namespace: 'ns',
  node: 'node',
  version: 'version',
  is: 'is',
  port: 'port',
  health: 'health',
};
const FIGURES: Record<string, MeasureId> = {
  requests: 'requests',
  errors: 'errors',
  p50: 'p50',
  p95: 'p95',
  p99: 'p99',
  /** Response time, as others say it. */
  rt: 'p95',
  rate: 'rate',
  failed: 'failed',
  bytes: 'bytes',
  connect: 'connect',
  rtt: 'rtt',
  retransmits: 'retransmits',
  open: 'open',
};
/** In the unit of the measure: shares from 0 to 1, microseconds, bytes. Without a unit: percent, milliseconds, as is. */
const UNITS: Record<string, number> = {
  '%': 0.01,
  us: 1,
  µs: 1,
  ms: 1000,
  s: 1e6,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  k: 1e3,
  m: 1e6,
};
const BARE_UNIT: Record<MeasureId, number> = {
  requests: 1,
  errors: 0.01,
  p50: 1000,
  p95: 1000,
  p99: 1000,
  rate: 1,
  open: 1,
  bytes: 1,
  failed: 0.01,
  retransmits: 0.01,
  connect: 1000,
  rtt: 1000,
};
const HEALTHS: Record<string, readonly string[]> = {
  ok: ['ok'],
  warning: ['warning'],
  slow: ['warning'],
  failing: ['failing'],
  unknown: ['unknown'],
  bad: ['warning', 'failing'],
};

const TOKEN =
  /\s*(-)?(?:([a-z0-9]+)\s*(>=|<=|>|<|=)\s*(\d+(?:\.\d+)?)?\s*(%|[µu]s|ms|s\b|[kmg]?b\b|[km]\b)?(?:\/s)?|([a-z]+):("[^"]*"|\S+)?|("[^"]*"|\S+))/iuy;

/** Reads a query. Never throws: what it cannot read is named in `problem` and left out. */
export function parseQuery(text: string): Query {
  const terms: Term[] = [];
  let problem: string | null = null;
  TOKEN.lastIndex = 0;
  const trimmed = text.trim();
  while (TOKEN.lastIndex < trimmed.length) {
    const match = TOKEN.exec(trimmed);
    if (match === null) break;
    const [, minus, figure, operator, amount, unit, field, value, word] = match;
    const hide = minus === '-';
    const read = figure
      ? figureTerm({ name: figure, operator: operator as Operator, amount, unit, hide })
      : field
        ? fieldTerm({ name: field, value: unquote(value ?? ''), hide })
        : ({ kind: 'text', field: 'any', text: unquote(word ?? '').toLowerCase(), hide } as const);
    if (typeof read === 'string') problem ??= read;
    else if (read.kind !== 'text' || read.text !== '') terms.push(read);
  }
  return { terms, problem };
}

const unquote = (text: string) => text.replace(/^"|"$/g, '');

function figureTerm(part: {
  name: string;
  operator: Operator;
  amount: string | undefined;
  unit: string | undefined;
  hide: boolean;
}): Term | string {
  const measure = FIGURES[part.name.toLowerCase()];
  if (measure === undefined)
    return `There is no figure “${part.name}”. Try ${Object.keys(FIGURES).join(', ')}.`;
  if (part.amount === undefined) return `A number is missing after “${part.name} ${part.operator}”.`;
  const unit = part.unit === undefined ? BARE_UNIT[measure] : (UNITS[part.unit.toLowerCase()] ?? 1);
  return {
    kind: 'figure',
    measure,
    operator: part.operator,
    value: Number(part.amount) * unit,
    hide: part.hide,
  };
}

function fieldTerm({ name, value, hide }: { name: string; value: string; hide: boolean }): Term | string {
  const field = FIELDS[name.toLowerCase()];
  if (field === undefined) return `There is no field “${name}”. Try ${Object.keys(FIELDS).join(', ')}.`;
  if (value === '') return `A value is missing after “${name}:”.`;
  if (field === 'port') {
    const port = Number(value);
    return Number.isInteger(port) && port > 0 && port < 65_536
      ? { kind: 'port', port, hide }
      : `“${value}” is not a port.`;
  }
  if (field === 'health') {
    const healths = HEALTHS[value.toLowerCase()];
    return healths
      ? { kind: 'health', healths, hide }
      : `Health is one of ${Object.keys(HEALTHS).join(', ')}.`;
  }
  return { kind: 'text', field, text: value.toLowerCase(), hide };
}

/** What a query is about: with a figure or a port it asks for edges, by name for vertices, by health for both. */
export const asksFor = (terms: readonly Term[]): { edges: boolean; vertices: boolean } => {
  const edgesOnly = terms.some((term) => term.kind === 'figure' || term.kind === 'port');
  const named = terms.some((term) => term.kind === 'text');
  return { edges: terms.length > 0 && (edgesOnly || !named), vertices: terms.length > 0 && !edgesOnly };
};

const compare: Record<Operator, (a: number, b: number) => boolean> = {
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '=': (a, b) => a === b,
};

export function vertexMatches(vertex: Vertex, terms: readonly Term[]): boolean {
  return terms.every((term) =>
    term.kind === 'text'
      ? textMatches(vertex, term)
      : term.kind === 'health' && term.healths.includes(vertex.health),
  );
}

function textMatches(vertex: Vertex, { field, text }: { field: TextField; text: string }): boolean {
  const has = (value: string | null) => value?.toLowerCase().includes(text) === true;
  switch (field) {
    case 'any':
      return (
        has(vertex.name) ||
        has(`${vertex.namespace}/${vertex.name}`) ||
        has(`${vertex.name} ${vertex.version}`)
      );
    case 'name':
      return has(vertex.name);
    case 'ns':
      return vertex.namespace.toLowerCase() === text || has(vertex.namespace);
    case 'node':
      return vertex.nodes.some(has);
    case 'version':
      return has(vertex.version);
    case 'is':
      return (
        (text === 'external' && vertex.external) ||
        (text === 'system' && vertex.system) ||
        (text === 'partial' && vertex.partial)
      );
  }
}

/** An edge matches a name when either end does; its own figures, ports and health have to match. */
export function edgeMatches(
  edge: Edge,
  terms: readonly Term[],
  at: { ends: readonly Vertex[]; window: Window },
): boolean {
  return terms.every((term) => edgeMatchesTerm(edge, term, at));
}

function edgeMatchesTerm(edge: Edge, term: Term, at: { ends: readonly Vertex[]; window: Window }): boolean {
  switch (term.kind) {
    case 'text':
      return at.ends.some((vertex) => textMatches(vertex, term));
    case 'health':
      return term.healths.includes(edge.health);
    case 'port':
      return edge.ports.includes(term.port);
    case 'figure': {
      const value = MEASURES[term.measure].value(edge.traffic, at.window);
      return value !== null && compare[term.operator](value, term.value);
    }
  }
}

/** Parts of a query that hide, as chips; and the rest. Quotes and spacing are kept. */
export function splitHiding(text: string): { find: string; hide: string[] } {
  const found: string[] = [];
  const hide: string[] = [];
  TOKEN.lastIndex = 0;
  const trimmed = text.trim();
  while (TOKEN.lastIndex < trimmed.length) {
    const match = TOKEN.exec(trimmed);
    if (match === null) break;
    const term = match[0].trim();
    if (match[1] === '-' && term.length > 1) hide.push(term.slice(1).trim());
    else found.push(term);
  }
  return { find: found.join(' '), hide };
}
