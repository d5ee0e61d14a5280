// SPDX-License-Identifier: Apache-2.0
import { type Change, type Changes, type ChangesQuery, ROUTES } from '@undermesh/schema';
import type { FastifyInstance } from 'fastify';
import type { EdgeTable } from '../aggregate/edges.js';
import type { Placements } from '../aggregate/placements.js';
import type { ChangeLog } from '../control/change-log.js';
import { CollectorError } from '../errors.js';
import { viewQueryOf } from './view-query.js';

export interface ChangesParts {
  readonly log: ChangeLog;
  readonly edges: EdgeTable;
  readonly placements: Placements;
}

/** /changes. */
export function changesRoutes(app: FastifyInstance, parts: ChangesParts): void {
  app.get(
    ROUTES.changes.path,
    {
      schema: {
        summary: 'What changed in the mesh, by itself or because somebody asked for it',
        querystring: ROUTES.changes.query,
        response: { 200: ROUTES.changes.answer },
      },
    },
    async (request) => changesAnswer(parts, request.query as ChangesQuery, Date.now()),
  );
}

/** The answer of GET /changes: newest first. Throws CollectorError `cursor_invalid`. */
export function changesAnswer(parts: ChangesParts, query: ChangesQuery, now: number): Changes {
  const { to = now, windowSeconds, namespaces } = viewQueryOf(query);
  const from = to - windowSeconds * 1000;
  const behind = query.cursor === undefined ? undefined : numberOf(query.cursor);
  const matches = matcherOf(parts, query);
  const kinds = query.kind === undefined || query.kind === '' ? null : new Set<string>(query.kind.split(','));
  const limit = query.limit ?? 100;
  const items: Change[] = [];
  for (const change of parts.log.changes(behind)) {
    const time = Date.parse(change.time);
    if (time < from || time > to) continue;
    if (namespaces.size > 0 && !touchesNamespace(change, namespaces)) continue;
    if (!matches(change) || (kinds !== null && !kinds.has(change.kind))) continue;
    if (items.length === limit) return { items, next: `c${items.at(-1)?.number}` };
    items.push(change);
  }
  return { items, next: null };
}

/** Both ends of an edge, or the one workload or node that a change is about. */
const subjectsOf = ({ subject }: Change): string[] => subject.split(' > ');

const isOfNode = ({ kind }: Change): boolean => /^(node|agent|engine)_/.test(kind);

const touchesNamespace = (change: Change, namespaces: ReadonlySet<string>): boolean =>
  isOfNode(change) || subjectsOf(change).some((name) => namespaces.has(name.split('/')[0] ?? ''));

function matcherOf(parts: ChangesParts, query: ChangesQuery): (change: Change) => boolean {
  const { source, destination, node } = query;
  const ends = [source, destination].filter((name) => name !== undefined && name !== '');
  if (ends.length === 0) {
    return (change) => node === undefined || (isOfNode(change) && change.subject === node);
  }
  const names = ends.map((name) => plainName(name ?? ''));
  const nodes = nodesOf(parts, names);
  return (change) => {
    if (node !== undefined && !(isOfNode(change) && change.subject === node)) return false;
    if (isOfNode(change)) return nodes.has(change.subject) || names.includes(change.subject);
    const subjects = subjectsOf(change);
    if (subjects.length === 2 && names.length === 2) {
      return subjects.every((subject, at) => isCalled(subject, names[at] ?? ''));
    }
    return subjects.some((subject) => names.some((name) => isCalled(subject, name)));
  };
}

/** A vertex's id as `namespace/name`; anything else as it is. */
function plainName(name: string): string {
  const id = /^(?:namespace|service|workload|node):[^/]*\/(.*?)(?:@[^@/]*)?$/.exec(name);
  return id?.[1] ?? name;
}

const isCalled = (subject: string, name: string): boolean => {
  const [namespace, short] = subject.split('/');
  return name === subject || name === short || name === namespace;
};

/** Nodes that the workloads have been seen on. */
function nodesOf({ edges, placements }: ChangesParts, names: readonly string[]): Set<string> {
  const nodes = new Set<string>();
  edges.forEach((edge) => {
    for (const placement of [edges.source(edge), edges.destination(edge)]) {
      const workload = placements.get(placements.workloadOf(placement));
      if (workload === undefined) continue;
      const subject = `${workload.namespace}/${workload.name}`;
      if (names.some((name) => isCalled(subject, name))) {
        nodes.add(placements.nodeName(placements.nodeOf(placement)));
      }
    }
  });
  return nodes;
}

function numberOf(cursor: string): number {
  const number = /^c(\d{1,15})$/.exec(cursor)?.[1];
  if (number === undefined) throw new CollectorError('cursor_invalid', 'Begin again without `cursor`.');
  return Number(number);
}
