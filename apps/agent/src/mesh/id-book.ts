// SPDX-License-Identifier: Apache-2.0
import { decodeEndpoint, decodeSlot, decodeSlotKey } from '@undermesh/bpf-abi';
import { keyBytes, type Tables } from './contents.js';
import { following, hashText } from './identifiers.js';

/** What an endpoint's number stands for. */
export interface EndpointIdentity {
  /** 0 for a waypoint. */
  readonly slotsId: number;
  /** 16 bytes. */
  readonly address: Uint8Array;
  readonly port: number;
}

/**
 * Numbers of endpoints and their places in slots: given once and kept for as long as the entry is in the kernel, so that
 * a change moves nothing else and open connections still find theirs. Read back from the maps by the next run.
 */
export class IdBook {
  readonly #ids = new Map<string, number>();
  readonly #identities = new Map<number, string>();
  readonly #places = new Map<string, readonly number[]>();

  /** @param tables what an earlier run left in the maps. */
  constructor(tables?: Tables) {
    if (tables === undefined) return;
    for (const [key, value] of tables.endpoints) {
      this.#enter(textOf(decodeEndpoint(value)), new DataView(bufferOf(key)).getUint32(0, true));
    }
    const places = new Map<string, number[]>();
    for (const [key, value] of tables.slots) {
      const { slotsId, group, slot } = decodeSlotKey(keyBytes(key));
      const place = `${slotsId}/${group}`;
      const ids = places.get(place) ?? [];
      ids[slot] = decodeSlot(value).endpointId;
      places.set(place, ids);
    }
    for (const [place, ids] of places)
      this.#places.set(
        place,
        Array.from(ids, (id) => id ?? 0),
      );
  }

  /** Endpoints that have a number. */
  get size(): number {
    return this.#ids.size;
  }

  /** The number of an endpoint: its hash, or the next that is free. */
  endpointId(identity: EndpointIdentity): number {
    const text = textOf(identity);
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    let id = hashText(text);
    while (this.#identities.has(id)) id = following(id);
    this.#enter(text, id);
    return id;
  }

  /** The entry has left the kernel: the number may be given to another. */
  release(endpointId: number): void {
    const text = this.#identities.get(endpointId);
    if (text === undefined) return;
    this.#identities.delete(endpointId);
    this.#ids.delete(text);
  }

  /** Members of a group in the order of their slots, with as few moved as can be; remembered. */
  arrange(slotsId: number, group: number, endpointIds: readonly number[]): readonly number[] {
    const place = `${slotsId}/${group}`;
    const arranged = arrange(this.#places.get(place) ?? [], endpointIds);
    if (arranged.length === 0) this.#places.delete(place);
    else this.#places.set(place, arranged);
    return arranged;
  }

  /** Forgets the places in all other slots. */
  retain(slotsIds: ReadonlySet<number>): void {
    for (const place of this.#places.keys()) {
      if (!slotsIds.has(Number.parseInt(place, 10))) this.#places.delete(place);
    }
  }

  #enter(text: string, id: number): void {
    this.#ids.set(text, id);
    this.#identities.set(id, text);
  }
}

/**
 * `wanted` in an order that keeps the places of `previous`: what has come fills the places of what has gone, then stands
 * at the end; where more has gone, the last ones move into the gaps.
 */
export function arrange(previous: readonly number[], wanted: readonly number[]): number[] {
  const left = new Set(wanted);
  const places: (number | undefined)[] = previous.map((id) => (left.delete(id) ? id : undefined));
  const come = left.values();
  for (let i = 0; i < places.length; i++) places[i] ??= come.next().value;
  const arranged: number[] = [];
  let end = places.length;
  for (let i = 0; i < end; i++) {
    let id = places[i];
    while (id === undefined && end > i + 1) id = places[--end];
    if (id !== undefined) arranged.push(id);
  }
  return [...arranged, ...come];
}

function textOf({ slotsId, address, port }: EndpointIdentity): string {
  return `${slotsId}/${Buffer.from(address).toString('hex')}/${port}`;
}

function bufferOf(key: string): ArrayBuffer {
  return new Uint8Array(keyBytes(key)).buffer;
}
