// SPDX-License-Identifier: Apache-2.0
import type { Level, WorkloadKind } from '@undermesh/schema';
import { OUTSIDE } from './outside.js';
import { NO_NODE, type Placements } from './placements.js';

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
        const node = this.#placements.nodeOf(placement);
        const name = node === NO_NODE ? OUTSIDE : this.#placements.nodeName(node);
        return {
          id: `node:${cluster}/${name}`,
          cluster,
          kind: 'unknown',
          name,
          namespace: '',
          version: null,
          external: node === NO_NODE,
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
}
