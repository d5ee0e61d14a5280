// SPDX-License-Identifier: Apache-2.0
import type { Dictionary } from '@undermesh/schema';
import { parseAddress } from '../aggregate/address.js';
import type { Placements } from '../aggregate/placements.js';
import type { Stream } from '../aggregate/streams.js';

/** Workloads and services that the streams of one node may name in all, and addresses of its network namespaces. */
const MAX_WORKLOADS = 100_000;
const MAX_SERVICES = 100_000;
const MAX_ADDRESSES = 100_000;

/** What a node may still name: each name takes memory for good. */
export interface NameBudget {
  workloads: number;
  services: number;
  addresses: number;
}

/** The budget of a node that has named nothing yet. */
export const nameBudget = (): NameBudget => ({
  workloads: MAX_WORKLOADS,
  services: MAX_SERVICES,
  addresses: MAX_ADDRESSES,
});

/** What the dictionaries of one stream have said so far, as far as it must be remembered to apply the next one. */
export class DictionaryReader {
  readonly #stream: Stream;
  readonly #placements: Placements;
  readonly #names: NameBudget;
  readonly #addresses = new Map<string, ReadonlySet<string>>();

  constructor(stream: Stream, of: { readonly placements: Placements; readonly names: NameBudget }) {
    this.#stream = stream;
    this.#placements = of.placements;
    this.#names = of.names;
  }

  /** What is beyond the node's budget is left out: its records then name nobody. */
  apply(dictionary: Dictionary): void {
    const stream = this.#stream;
    const { directory } = stream.cluster;
    for (const entry of dictionary.workloads) {
      if (!stream.placements.has(entry.id) && this.#names.workloads-- <= 0) {
        this.#names.workloads = 0;
        continue;
      }
      const workload = this.#placements.workload(
        {
          cluster: stream.cluster.name,
          namespace: entry.namespace,
          name: entry.name,
          version: entry.version ?? null,
        },
        { kind: entry.kind, system: entry.system, external: false },
      );
      stream.placements.set(entry.id, this.#placements.placement(workload, stream.node));
    }
    for (const { id, namespace, name } of dictionary.services ?? []) {
      if (!stream.services.has(id) && this.#names.services-- <= 0) {
        this.#names.services = 0;
        continue;
      }
      const identity = { cluster: stream.cluster.name, namespace, name, version: null };
      stream.services.set(id, this.#placements.service(identity));
    }
    for (const entry of dictionary.namespaces) {
      const before = this.#addresses.get(entry.netnsCookie);
      const addresses = new Set(entry.addresses);
      const more = addresses.size - (before?.size ?? -1);
      if (more > this.#names.addresses) continue;
      this.#names.addresses -= more;
      const namespace = this.#namespace(entry.netnsCookie);
      for (const former of before ?? []) {
        const words = addresses.has(former) ? null : parseAddress(former);
        if (words !== null) directory.disown(words, stream.node, namespace);
      }
      for (const address of addresses) {
        const words = parseAddress(address);
        if (words !== null) directory.own(words, stream.node, namespace);
      }
      this.#addresses.set(entry.netnsCookie, addresses);
    }
    for (const entry of dictionary.listeners) {
      const address = parseAddress(entry.address);
      const placement = stream.placements.get(entry.workloadId);
      if (address === null || placement === undefined) continue;
      const namespace = this.#namespace(entry.netnsCookie);
      directory.listen({ address, port: entry.port, namespace, placement, open: entry.open });
    }
  }

  #namespace(cookie: string): number {
    const bits = BigInt(cookie);
    const low = Number(bits & 0xffffffffn);
    const high = Number((bits >> 32n) & 0xffffffffn);
    return this.#stream.cluster.directory.namespace(this.#stream.node, low, high);
  }
}
