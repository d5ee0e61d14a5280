// SPDX-License-Identifier: Apache-2.0
import type { BpfMap } from '@undermesh/libbpf-ts';

/** Open connections by the generation that steered them; forgets generations that have none left. */
export class GenerationUse {
  readonly #map: BpfMap;
  #open: { readonly generation: number; readonly connections: number }[] = [];
  /** Generations that had none at the last look. */
  #idle = new Set<number>();

  /** @param map `generation_use`. */
  constructor(map: BpfMap) {
    this.#map = map;
  }

  /** As of the last look, those without any left out. */
  get openConnections(): readonly { readonly generation: number; readonly connections: number }[] {
    return this.#open;
  }

  get total(): number {
    return this.#open.reduce((sum, { connections }) => sum + connections, 0);
  }

  /** @param current the generation in force, which stays. */
  look(current: number): void {
    const idle = new Set<number>();
    this.#open = [];
    for (const [key, value] of this.#map.entries()) {
      const generation = new DataView(key.buffer, key.byteOffset).getUint32(0, true);
      const connections = Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true));
      if (connections > 0) this.#open.push({ generation, connections });
      // Twice in a row: a connect that began before the switch may just be counting itself.
      else if (generation !== current && this.#idle.has(generation)) this.#map.delete(key);
      else idle.add(generation);
    }
    this.#open.sort((a, b) => a.generation - b.generation);
    this.#idle = idle;
  }
}
