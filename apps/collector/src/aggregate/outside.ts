// SPDX-License-Identifier: Apache-2.0
import { type AddressWords, formatAddress } from './address.js';
import { grown } from './grown.js';
import { KeyTable } from './key-table.js';
import { NO_NODE, type Placements } from './placements.js';

/** Namespace of everything that no agent watches. */
export const OUTSIDE = 'outside';
/** Takes the place of addresses beyond the cap. */
export const OTHER_ADDRESSES = 'other addresses';
const WINDOW_MS = 3_600_000;

/** Names peers that nobody watches by their address; new ones only up to a cap per hour, the rest as one. */
export class Outside {
  readonly #table = new KeyTable(256);
  #placement: Uint32Array = new Uint32Array(256);
  readonly #placements: Placements;
  readonly #cluster: string;
  readonly #perWindow: number;
  #windowStart = 0;
  #inWindow = 0;
  #other = 0;
  /** Addresses that were folded into {@link OTHER_ADDRESSES}, each time they were seen. */
  folded = 0;

  constructor(placements: Placements, cluster: string, perWindow: number) {
    this.#placements = placements;
    this.#cluster = cluster;
    this.#perWindow = perWindow;
  }

  placement(address: AddressWords, now: number): number {
    const [a = 0, b = 0, c = 0, d = 0] = address;
    const known = this.#table.find(a, b, c, d);
    if (known >= 0) return this.#placement[known] ?? 0;
    if (now - this.#windowStart > WINDOW_MS) {
      this.#windowStart = now;
      this.#inWindow = 0;
    }
    if (this.#inWindow >= this.#perWindow) {
      this.folded++;
      this.#other ||= this.#named(OTHER_ADDRESSES);
      return this.#other;
    }
    this.#inWindow++;
    const slot = this.#table.insert(a, b, c, d);
    this.#placement = grown(this.#placement, this.#table.capacity);
    const placement = this.#named(formatAddress(address));
    this.#placement[slot] = placement;
    return placement;
  }

  /** A service ({@link Placements.service}) as the peer of connects that nobody answered: on no node. */
  service(workload: number): number {
    return this.#placements.placement(workload, NO_NODE);
  }

  #named(name: string): number {
    const workload = this.#placements.workload(
      { cluster: this.#cluster, namespace: OUTSIDE, name, version: null },
      { kind: 'address', system: false, external: true },
    );
    return this.#placements.placement(workload, NO_NODE);
  }
}
