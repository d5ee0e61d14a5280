// SPDX-License-Identifier: Apache-2.0
import type { WorkloadEntry, WorkloadKind } from '@undermesh/schema';

/** A workload before it has a number. */
export interface WorkloadName {
  readonly namespace: string;
  readonly name: string;
  readonly version?: string | undefined;
  readonly kind: WorkloadKind;
  readonly system: boolean;
  readonly origin?: string | undefined;
}

const UNKNOWN: WorkloadName = { namespace: 'host', name: 'unknown', kind: 'unknown', system: false };
/** Ids are never used twice, so the table only grows; beyond this every new workload is `unknown`. */
const MAX_WORKLOADS = 100_000;

/** Numbers for workloads, from 1, unique in a stream. */
export class Workloads {
  readonly #ids = new Map<string, number>();
  readonly #entries: WorkloadEntry[] = [];
  #told = 0;
  /** The id of the workload that stands for "not known". */
  readonly unknown: number;

  constructor() {
    this.unknown = this.intern(UNKNOWN);
  }

  get size(): number {
    return this.#entries.length;
  }

  /** The id of a workload, new or not. */
  intern(workload: WorkloadName): number {
    const { namespace, name, version, kind, system, origin } = workload;
    const key = JSON.stringify([namespace, name, version ?? null, kind, system]);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    if (this.#entries.length >= MAX_WORKLOADS) return this.unknown;
    const id = this.#entries.length + 1;
    this.#ids.set(key, id);
    this.#entries.push({
      id,
      namespace,
      name,
      kind,
      system,
      ...(version === undefined ? {} : { version }),
      ...(origin === undefined ? {} : { origin: origin.slice(0, 512) }),
    });
    return id;
  }

  /** What was added since the last call. */
  takeNew(): WorkloadEntry[] {
    const added = this.#entries.slice(this.#told);
    this.#told = this.#entries.length;
    return added;
  }

  get hasNew(): boolean {
    return this.#told < this.#entries.length;
  }

  /** All of them; {@link takeNew} then only has later ones. */
  takeAll(): WorkloadEntry[] {
    this.#told = this.#entries.length;
    return [...this.#entries];
  }

  /** Those behind the first `count`; {@link takeNew} takes no notice. */
  after(count: number): WorkloadEntry[] {
    return this.#entries.slice(count);
  }

  get(id: number): WorkloadEntry | undefined {
    return this.#entries[id - 1];
  }
}
