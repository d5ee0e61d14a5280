// SPDX-License-Identifier: Apache-2.0
import type { Level, WorkloadKind } from '@undermesh/schema';
import type { Workload } from '../store/store.js';
import { OUTSIDE } from './outside.js';
import type { Placements } from './placements.js';

/** A vertex as it is named at one level. */
export interface Group {
  readonly id: string;
  readonly cluster: string;
  readonly kind: WorkloadKind;
  readonly name: string;
  readonly namespace: string;
  readonly version: string | null;
  readonly external: boolean;
}

/** Which vertex a placement belongs to, level by level. Names are made once. */
export class Grouping {
  readonly #placements: Placements;
  readonly #groups = new Map<string, Group>();
  readonly #byLevel: Record<Level, (Group | undefined)[]> = {
    namespace: [],
    service: [],
    workload: [],
    node: [],
  };

  constructor(placements: Placements) {
    this.#placements = placements;
  }

  group(level: Level, placement: number): Group {
    const known = this.#byLevel[level][placement];
    if (known !== undefined) return known;
    const made = this.#make(level, placement);
    const group = this.#groups.get(made.id) ?? made;
    this.#groups.set(made.id, group);
    this.#byLevel[level][placement] = group;
    return group;
  }

  #make(level: Level, placement: number): Group {
    const workload = this.#placements.get(this.#placements.workloadOf(placement));
    return groupOf(level, workload, this.#placements.nodeName(this.#placements.nodeOf(placement)));
  }
}

/** The vertex that a workload on a node belongs to; the node is '' where it is not known. */
export function groupOf(level: Level, workload: Workload | undefined, node: string): Group {
  const cluster = workload?.cluster ?? '';
  const namespace = workload?.namespace ?? '';
  const external = workload?.external ?? true;
  switch (level) {
    case 'namespace':
      return {
        id: `namespace:${cluster}/${namespace}`,
        cluster,
        kind: 'unknown',
        name: namespace,
        namespace,
        version: null,
        external,
      };
    case 'node': {
      const name = node === '' ? OUTSIDE : node;
      return {
        id: `node:${cluster}/${name}`,
        cluster,
        kind: 'unknown',
        name,
        namespace: '',
        version: null,
        external: node === '',
      };
    }
    case 'service':
    case 'workload': {
      const name = workload?.name ?? '';
      const version = level === 'workload' ? (workload?.version ?? null) : null;
      const suffix = version === null ? '' : `@${version}`;
      return {
        id: `${level}:${cluster}/${namespace}/${name}${suffix}`,
        cluster,
        kind: workload?.kind ?? 'unknown',
        name,
        namespace,
        version,
        external,
      };
    }
  }
}
