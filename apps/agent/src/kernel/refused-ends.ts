// SPDX-License-Identifier: Apache-2.0
import type { BpfMap } from '@undermesh/libbpf-ts';
import type { Finding } from '../engine/drift-log.js';
import { numberKey } from '../mesh/index.js';

/** The ring of the observing programs, and their counters. */
export interface EndMaps {
  readonly records: BpfMap;
  readonly totals: BpfMap;
}

const ZERO = numberKey(0);
/** Maps of the engine that hold one of those: counters come first, nothing may be written that is not counted. */
const HOLDERS = [
  ['observed_totals', 'totals'],
  ['observed_records', 'records'],
] as const;

/**
 * Where connects that an engine refuses leave their records: with the other ends of their agent. The engine stays when
 * the agent goes; its hold on the ring is given up in good order, or replaced by the next run.
 */
export class RefusedEnds {
  readonly #maps: ReadonlyMap<string, BpfMap>;
  #ends: EndMaps | null = null;

  /** @param maps of the engine, by name; an earlier build may have none that hold others. */
  constructor(maps: ReadonlyMap<string, BpfMap>) {
    this.#maps = maps;
  }

  /** `null`: what is refused makes no record. */
  use(ends: EndMaps | null): void {
    this.#ends = ends;
    // What is written meanwhile must not be counted elsewhere.
    this.#maps.get('observed_records')?.delete(ZERO);
    if (ends === null) this.#maps.get('observed_totals')?.delete(ZERO);
    else this.#put(ends);
  }

  /** Puts right what somebody else has changed. */
  look(): Finding[] {
    const ends = this.#ends;
    if (ends === null) return [];
    const changed = HOLDERS.filter(([holder, name]) => {
      const map = this.#maps.get(holder);
      return map !== undefined && Buffer.compare(map.lookup(ZERO) ?? ZERO, numberKey(ends[name].id)) !== 0;
    });
    if (changed.length === 0) return [];
    this.#put(ends);
    return changed.map(([holder]) => ({ what: `${holder} was changed by somebody else`, mended: true }));
  }

  #put(ends: EndMaps): void {
    for (const [holder, name] of HOLDERS) this.#maps.get(holder)?.update(ZERO, numberKey(ends[name].fd));
  }
}
