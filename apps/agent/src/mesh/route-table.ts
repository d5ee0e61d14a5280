// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import {
  encodeRouteBackend,
  encodeRouteCondition,
  encodeRouteGroup,
  encodeRouteKey,
  encodeRouteMatch,
  encodeRouteRule,
  encodeRouteTable,
  encodeRouteText,
  encodeRouteTextKey,
  RouteLimit,
  RouteTextKind,
} from '@undermesh/bpf-abi';
import type { RateLimit } from '@undermesh/mesh';
import { aliasTable } from './alias-table.js';
import { keyText, newTables, numberKey } from './contents.js';
import type { Condition } from './route-conditions.js';
import { hashBytes } from './text-hash.js';

/** A table of routes before it is laid out: matches in the order in which they are to be tried. */
export interface TableOutline {
  /** Names it on every node. */
  readonly name: string;
  readonly routesId: number;
  /** Of the table to ask after it; 0: none. */
  readonly nextId: number;
  /** What no match takes is refused. */
  readonly refuses: boolean;
  readonly matches: readonly OutlinedMatch[];
  readonly rules: readonly OutlinedRule[];
}

export interface OutlinedMatch {
  /** Exact, or `*.` and a suffix; `null`: any. */
  readonly hostname: string | null;
  readonly path: { readonly kind: 'exact' | 'prefix'; readonly value: string };
  readonly method: string | null;
  readonly conditions: readonly Condition[];
  /** The same on every node. */
  readonly routeId: number;
  /** Index into {@link TableOutline.rules}. */
  readonly rule: number;
}

export interface OutlinedRule {
  /** With weights above 0. */
  readonly backends: readonly OutlinedBackend[];
  readonly limit: (RateLimit & { readonly id: number }) | null;
}

export interface OutlinedBackend {
  /** Its place in the route's rule, from 1. */
  readonly number: number;
  readonly weight: number;
  readonly serviceId: number;
  /** Slot sets by family; 0: none. */
  readonly slotsIds: { readonly v4: number; readonly v6: number };
}

/** Matches of one host name, by what leads to them. */
interface Group {
  readonly hostname: string | null;
  /** From 1. */
  readonly number: number;
  readonly root: Chain;
  readonly exact: Map<string, Chain>;
  readonly prefix: Map<string, Chain>;
}

/** Numbers of matches that one path leads to, in order. */
type Chain = number[];

/** By host name. */
type Groups = ReadonlyMap<string | null, Group>;

/** The entries of a table in all maps; or why the kernel cannot take it. */
export function layOutTable(outline: TableOutline): ReturnType<typeof newTables> | string {
  const groups = groupMatches(outline.matches);
  const problem = depthProblem(groups);
  if (problem !== null) return problem;
  const tables = newTables();
  const edition = editionOf(outline);
  const key = (number: number, part = 0): string => keyText(encodeRouteKey({ edition, number, part }));
  const nextOf = writeGroups(groups, { edition, key, tables });
  if (tables.route_texts.size < countTexts(groups)) return 'two of its paths have the same hash';
  outline.matches.forEach(({ method, routeId, rule, conditions }, at) => {
    const value = {
      method: methodWord(method),
      next: nextOf.get(at + 1) ?? 0,
      route: routeId,
      rule: rule + 1,
      conditionCount: conditions.length,
    };
    tables.route_matches.set(key(at + 1), encodeRouteMatch(value));
    conditions.forEach((condition, part) => {
      tables.route_conditions.set(key(at + 1, part), encodeCondition(condition));
    });
  });
  for (const [at, rule] of outline.rules.entries()) writeRule(rule, at + 1, { key, tables });
  const hosts = [...groups.values()].flatMap(({ hostname }) => (hostname === null ? [] : [hostname]));
  const table = encodeRouteTable({
    edition,
    group: groups.get(null)?.number ?? 0,
    nextId: outline.nextId,
    refuses: outline.refuses ? 1 : 0,
    reserved: 0,
    hostLengths: lengthBits(hosts.filter((host) => !isSuffix(host))),
    suffixLengths: lengthBits(hosts.filter(isSuffix).map(suffixOf)),
  });
  tables.route_tables.set(keyText(numberKey(outline.routesId)), table);
  return tables;
}

/** Another one for whatever else the table says: its entries never stand where those of an earlier one do. */
function editionOf({ routesId, nextId, ...rest }: TableOutline): bigint {
  return createHash('sha256').update(JSON.stringify(rest)).digest().readBigUInt64LE();
}

const isSuffix = (hostname: string): boolean => hostname.startsWith('*.');
const suffixOf = (hostname: string): string => hostname.slice(1);

function groupMatches(matches: readonly OutlinedMatch[]): Groups {
  const groups = new Map<string | null, Group>();
  matches.forEach(({ hostname, path }, at) => {
    let group = groups.get(hostname);
    if (group === undefined) {
      group = { hostname, number: groups.size + 1, root: [], exact: new Map(), prefix: new Map() };
      groups.set(hostname, group);
    }
    const isRoot = path.kind === 'prefix' && path.value === '/';
    (isRoot ? group.root : chainOf(group[path.kind], path.value)).push(at + 1);
  });
  return groups;
}

function countTexts(groups: Groups): number {
  let count = 0;
  for (const { hostname, exact, prefix } of groups.values())
    count += exact.size + prefix.size + (hostname === null ? 0 : 1);
  return count;
}

function chainOf(chains: Map<string, Chain>, path: string): Chain {
  const chain = chains.get(path) ?? [];
  chains.set(path, chain);
  return chain;
}

/** The chain that follows that of a path: the longest shorter prefix's. */
function shorterOf({ prefix, root }: Group, path: string, own?: Chain): Chain {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    const chain = prefix.get(path.slice(0, end));
    if (chain !== undefined && chain !== own) return chain;
  }
  return root;
}

const chainsOf = (group: Group): (readonly [path: string, chain: Chain])[] => [
  ...group.exact,
  ...group.prefix,
];

function depthProblem(groups: Groups): string | null {
  for (const group of groups.values()) {
    const depths = new Map<Chain, number>([[group.root, group.root.length]]);
    // Of prefixes the shorter ones first: what follows a chain is known then.
    const prefixes = [...group.prefix].sort(([one], [other]) => one.length - other.length);
    for (const [path, chain] of [...prefixes, ...group.exact])
      depths.set(chain, chain.length + (depths.get(shorterOf(group, path, chain)) ?? 0));
    if (Math.max(...depths.values()) > RouteLimit.TRIES)
      return `more than ${RouteLimit.TRIES} matches may have to be tried for one path`;
  }
  let most = 0;
  for (const { hostname } of groups.values())
    if (hostname !== null) most = Math.max(most, namesAbove(hostname, groups).length + 1);
  return most > RouteLimit.HOSTS ? `more than ${RouteLimit.HOSTS} host names lie within each other` : null;
}

/** Suffixes that a host name falls under, the longest first. */
function namesAbove(hostname: string, groups: Groups): Group[] {
  const above: Group[] = [];
  const labels = (isSuffix(hostname) ? hostname.slice(2) : hostname).split('.');
  for (let from = 1; from < labels.length; from++) {
    const group = groups.get(`*.${labels.slice(from).join('.')}`);
    if (group !== undefined) above.push(group);
  }
  return above;
}

interface Writing {
  readonly edition: bigint;
  readonly key: (number: number, part?: number) => string;
  readonly tables: ReturnType<typeof newTables>;
}

/** Writes groups, host names and paths; returns which match is tried after which. */
function writeGroups(groups: Groups, writing: Writing): Map<number, number> {
  const { key, tables } = writing;
  const nextOf = new Map<number, number>();
  for (const group of groups.values()) {
    const { hostname, number, root, exact, prefix } = group;
    const [above] = hostname === null ? [] : namesAbove(hostname, groups);
    const next = hostname === null ? 0 : ((above ?? groups.get(null))?.number ?? 0);
    const value = {
      firstMatch: root[0] ?? 0,
      nextGroup: next,
      pathLengths: lengthBits([...exact.keys()]),
      prefixLengths: lengthBits([...prefix.keys()]),
    };
    tables.route_groups.set(key(number), encodeRouteGroup(value));
    link(root, 0, nextOf);
    for (const [path, chain] of chainsOf(group)) link(chain, shorterOf(group, path, chain)[0] ?? 0, nextOf);
    for (const [kind, chains] of [
      [RouteTextKind.PATH, exact],
      [RouteTextKind.PATH_PREFIX, prefix],
    ] as const)
      for (const [path, [first = 0]] of chains)
        writeText({ kind, group: number, text: path, leadsTo: first }, writing);
    if (hostname === null) continue;
    const [kind, text] = isSuffix(hostname)
      ? [RouteTextKind.HOST_SUFFIX, suffixOf(hostname)]
      : [RouteTextKind.HOST, hostname];
    writeText({ kind, group: 0, text, leadsTo: number }, writing);
  }
  return nextOf;
}

function link(chain: Chain, after: number, nextOf: Map<number, number>): void {
  for (const [at, match] of chain.entries()) nextOf.set(match, chain[at + 1] ?? after);
}

function writeText(
  { kind, group, text, leadsTo }: { kind: number; group: number; text: string; leadsTo: number },
  { edition, tables }: Writing,
): void {
  const bytes = Buffer.from(text, 'latin1');
  // Hosts are read from their end: their suffixes are looked up on the way.
  const hash = hashBytes(group === 0 ? Buffer.from(bytes).reverse() : bytes);
  const padded = new Uint8Array(RouteLimit.TEXT);
  padded.set(bytes);
  const key = keyText(encodeRouteTextKey({ edition, ...hash, group, kind }));
  tables.route_texts.set(key, encodeRouteText({ leadsTo, length: bytes.length, text: padded }));
}

function writeRule({ backends, limit }: OutlinedRule, number: number, to: Omit<Writing, 'edition'>): void {
  const { key, tables } = to;
  const intervalNs = limit === null ? 0n : (BigInt(limit.intervalMs) * 1_000_000n) / BigInt(limit.requests);
  const value = {
    backendCount: backends.length,
    limitId: limit?.id ?? 0,
    intervalNs,
    burstNs: intervalNs * BigInt((limit?.burst ?? 1) - 1),
  };
  tables.route_rules.set(key(number), encodeRouteRule(value));
  aliasTable(backends.map(({ weight }) => weight)).forEach(({ threshold, other }, part) => {
    const backend = backends[part];
    if (backend === undefined) return;
    const { serviceId, slotsIds } = backend;
    const entry = {
      threshold,
      other,
      number: backend.number,
      slotsIdV4: slotsIds.v4,
      slotsIdV6: slotsIds.v6,
      serviceId,
    };
    tables.route_backends.set(key(number, part), encodeRouteBackend(entry));
  });
}

function encodeCondition({ kind, name, value }: Condition): Uint8Array {
  const [nameBytes, valueBytes] = [Buffer.from(name, 'latin1'), Buffer.from(value, 'latin1')];
  const padded = { name: new Uint8Array(RouteLimit.NAME), value: new Uint8Array(RouteLimit.VALUE) };
  padded.name.set(nameBytes);
  padded.value.set(valueBytes);
  const lengths = { nameLength: nameBytes.length, valueLength: valueBytes.length };
  return encodeRouteCondition({ kind, ...lengths, reserved: 0, ...padded });
}

/** A method's bytes in one number, the first one lowest; 0: any. Those that a route can name have less than 8. */
function methodWord(method: string | null): bigint {
  const bytes = Buffer.alloc(8);
  bytes.write(method ?? '', 'latin1');
  return bytes.readBigUInt64LE();
}

function lengthBits(texts: readonly string[]): Uint8Array {
  const bits = new Uint8Array(RouteLimit.TEXT / 8);
  for (const { length } of texts) {
    const at = (length - 1) >> 3;
    bits[at] = (bits[at] ?? 0) | (1 << ((length - 1) & 7));
  }
  return bits;
}
