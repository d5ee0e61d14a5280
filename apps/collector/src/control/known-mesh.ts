// SPDX-License-Identifier: Apache-2.0
import type { Change } from '@undermesh/schema';
import { type Static, Type } from 'typebox';

/** Names of each kind that are remembered: beyond them nothing new is reported. */
const MOST_NAMES = 50_000;

/** What is known, as a line of the change log tells of what was learned since the line before it. */
export const Known = Type.Object({
  nodes: Type.Record(Type.String(), Type.Object({ version: Type.String(), instance: Type.String() })),
  /** Versions of each workload; the empty text for none. */
  workloads: Type.Record(Type.String(), Type.Array(Type.String())),
  edges: Type.Array(Type.String()),
});
export type Known = Static<typeof Known>;

const nothing = (): Known => ({ nodes: {}, workloads: {}, edges: [] });

/** What there is, as all changes together have made it: so that only what is new is reported. */
export class KnownMesh {
  readonly nodes = new Map<string, { version: string; instance: string; silent: boolean }>();
  /** Versions of each workload, the one that came last at the end; the empty text for none. */
  readonly workloads = new Map<string, string[]>();
  readonly edges = new Set<string>();
  #learned = nothing();
  #hasLearned = false;

  /** Remembers what is not worth a change of its own. */
  learnNode(node: string, agent: { version: string; instance: string }): void {
    this.nodes.set(node, { silent: false, ...agent });
    this.#learned.nodes[node] = agent;
    this.#hasLearned = true;
  }

  learnWorkload(subject: string, version: string): void {
    const versions = this.workloads.get(subject) ?? [];
    if (versions.includes(version) || (versions.length === 0 && this.workloads.size >= MOST_NAMES)) return;
    this.workloads.set(subject, [...versions, version]);
    this.#learned.workloads[subject] = [...(this.#learned.workloads[subject] ?? []), version];
    this.#hasLearned = true;
  }

  learnEdge(subject: string): void {
    if (this.edges.has(subject) || this.edges.size >= MOST_NAMES) return;
    this.edges.add(subject);
    this.#learned.edges.push(subject);
    this.#hasLearned = true;
  }

  /** What was learned since the last call; `null` for nothing. */
  takeLearned(): Known | null {
    if (!this.#hasLearned) return null;
    const learned = this.#learned;
    this.#learned = nothing();
    this.#hasLearned = false;
    return learned;
  }

  /** Takes up what an earlier run learned. */
  learn({ nodes, workloads, edges }: Known): void {
    for (const [name, agent] of Object.entries(nodes)) this.nodes.set(name, { silent: false, ...agent });
    for (const [name, versions] of Object.entries(workloads)) {
      const known = this.workloads.get(name) ?? [];
      this.workloads.set(name, [...known, ...versions.filter((version) => !known.includes(version))]);
    }
    for (const edge of edges) this.edges.add(edge);
  }

  /** Whether what a change tells of can be remembered. */
  hasRoom({ kind }: Pick<Change, 'kind'>): boolean {
    if (kind === 'workload_appeared') return this.workloads.size < MOST_NAMES;
    return kind !== 'edge_appeared' || this.edges.size < MOST_NAMES;
  }

  /** Takes one change in. */
  fold(change: Omit<Change, 'number'> & { readonly instance?: string }): void {
    const { subject, after, instance = '' } = change;
    const node = this.nodes.get(subject);
    switch (change.kind) {
      case 'node_joined':
        this.nodes.set(subject, { version: after ?? '', instance, silent: false });
        break;
      case 'node_silent':
        if (node !== undefined) node.silent = true;
        break;
      case 'node_back':
        if (node !== undefined) node.silent = false;
        break;
      case 'agent_restarted':
        if (node !== undefined) node.instance = instance;
        break;
      case 'agent_version':
        if (node !== undefined) Object.assign(node, { version: after ?? '', instance });
        break;
      case 'workload_appeared':
        this.workloads.set(subject, [after ?? '']);
        break;
      case 'workload_version': {
        const versions = this.workloads.get(subject) ?? [];
        this.workloads.set(subject, [
          ...versions.filter((version) => version !== (after ?? '')),
          after ?? '',
        ]);
        break;
      }
      case 'edge_appeared':
        this.edges.add(subject);
        break;
      case 'engine_set':
      case 'engine_adopted':
      case 'engine_refused':
      case 'engine_drifted':
      case 'engine_mended':
      case 'agent_invited':
      case 'agent_joined':
      case 'agent_removed':
      case 'log_broken':
        break;
    }
  }
}
