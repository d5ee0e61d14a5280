// SPDX-License-Identifier: Apache-2.0
import type { WorkloadKind } from '@undermesh/schema';
import type { Workload } from '../store/store.js';
import { grown } from './grown.js';
import { KeyTable } from './key-table.js';

/** What makes a workload the same one again. */
export interface WorkloadIdentity {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly version: string | null;
}

/** What is known of a workload besides its identity; the latest word counts. */
export interface WorkloadTraits {
  readonly kind: WorkloadKind;
  readonly system: boolean;
  readonly external: boolean;
}

/** No node: outside, or not known. */
export const NO_NODE = 0;

/**
 * Numbers for everything that has a name: nodes, workloads, and placements, which are workloads on a node. Edges run
 * between placements, so that one table serves every level of the topology. Numbers start at 1.
 */
export class Placements {
  readonly #workloads: Workload[] = [];
  readonly #workloadByKey = new Map<string, number>();
  readonly #nodes: string[] = [''];
  readonly #nodeByName = new Map<string, number>();
  readonly #table = new KeyTable(1024);
  #workloadOf: Uint32Array = new Uint32Array(1024);
  #nodeOf: Uint32Array = new Uint32Array(1024);
  readonly #onWorkload: (workload: Workload) => void;

  /** @param onWorkload called for each workload that is new or has changed, before its id is used. */
  constructor(onWorkload: (workload: Workload) => void) {
    this.#onWorkload = onWorkload;
    this.#table.insert(0, 0);
  }

  /** Takes up the numbering of an earlier run. */
  restore(workloads: readonly Workload[]): void {
    for (const workload of workloads) {
      this.#workloads[workload.id] = workload;
      this.#workloadByKey.set(keyOf(workload), workload.id);
    }
  }

  get workloadCount(): number {
    return this.#workloadByKey.size;
  }

  /** The number of a workload; its traits are brought up to date. */
  workload(identity: WorkloadIdentity, traits: WorkloadTraits): number {
    const key = keyOf(identity);
    const known = this.#workloadByKey.get(key);
    if (known !== undefined) {
      const workload = this.#workloads[known];
      if (workload !== undefined && !sameTraits(workload, traits)) {
        const changed = { ...workload, ...traits };
        this.#workloads[known] = changed;
        this.#onWorkload(changed);
      }
      return known;
    }
    const id = Math.max(1, this.#workloads.length);
    const workload = { id, ...identity, ...traits };
    this.#workloads[id] = workload;
    this.#workloadByKey.set(key, id);
    this.#onWorkload(workload);
    return id;
  }

  /**
   * The number of a service: of the workload that is called the same, so that connects which nobody answered are shown
   * with those that somebody did.
   */
  service(identity: WorkloadIdentity): number {
    const known = this.#workloadByKey.get(keyOf(identity));
    return known ?? this.workload(identity, { kind: 'service', system: false, external: false });
  }

  get(workload: number): Workload | undefined {
    return this.#workloads[workload];
  }

  /** The number of a node; the empty name is {@link NO_NODE}. */
  node(name: string): number {
    if (name === '') return NO_NODE;
    const known = this.#nodeByName.get(name);
    if (known !== undefined) return known;
    this.#nodeByName.set(name, this.#nodes.length);
    return this.#nodes.push(name) - 1;
  }

  nodeName(node: number): string {
    return this.#nodes[node] ?? '';
  }

  /** The number of a workload on a node. */
  placement(workload: number, node: number): number {
    const slot = this.#table.insert(workload, node);
    if (this.#table.capacity > this.#workloadOf.length) {
      this.#workloadOf = grown(this.#workloadOf, this.#table.capacity);
      this.#nodeOf = grown(this.#nodeOf, this.#table.capacity);
    }
    this.#workloadOf[slot] = workload;
    this.#nodeOf[slot] = node;
    return slot;
  }

  workloadOf(placement: number): number {
    return this.#workloadOf[placement] ?? 0;
  }

  nodeOf(placement: number): number {
    return this.#nodeOf[placement] ?? NO_NODE;
  }
}

const keyOf = (identity: WorkloadIdentity): string =>
  `${identity.cluster}\n${identity.namespace}\n${identity.name}\n${identity.version ?? ''}`;

const sameTraits = (a: WorkloadTraits, b: WorkloadTraits): boolean =>
  a.kind === b.kind && a.system === b.system && a.external === b.external;
