// SPDX-License-Identifier: Apache-2.0
import { isNewer } from './resource-version.js';

/** An object as the API server sends it, with what tells its versions apart. */
export interface ClusterObject {
  readonly uid: string;
  /** Its name, below its namespace if it is in one. */
  readonly key: string;
  readonly resourceVersion: string;
  readonly value: unknown;
}

interface Metadata {
  readonly metadata?: {
    readonly uid?: string;
    readonly name?: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
  };
}

/** An object as the API server sent it. Those of lists do not say their kind. */
export function clusterObjectOf(
  value: unknown,
  as: { readonly kind: string; readonly apiVersion: string },
): ClusterObject {
  const { uid = '', name = '', namespace = '', resourceVersion = '' } = (value as Metadata).metadata ?? {};
  return { uid, key: `${namespace}/${name}`, resourceVersion, value: { ...(value as object), ...as } };
}

/** Reads what is of use of an object. `before` is what was made of its last version; the same again is "no change". */
export type Read<Item> = (value: unknown, before: Item | undefined) => Item;

interface Place<Item> {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly item: Item;
}

/** Uids that are remembered as gone: more than any server sends late. */
const REMEMBERED = 4_096;

/**
 * All objects of one kind as of the newest that was heard of each. A list is the truth; events count only when they are
 * newer than what is known of the object, so that one that comes twice, late, or out of order changes nothing.
 */
export class Shelf<Item> {
  readonly #read: Read<Item>;
  readonly #onChange: () => void;
  #places = new Map<string, Place<Item>>();
  /** By uid, the version in which it was last seen to go. */
  readonly #gone = new Map<string, string>();
  /** Events that were older than what was known. */
  stale = 0;

  constructor(read: Read<Item>, onChange: () => void) {
    this.#read = read;
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#places.size;
  }

  *items(): Generator<Item> {
    for (const { item } of this.#places.values()) yield item;
  }

  get(key: string): Item | undefined {
    return this.#places.get(key)?.item;
  }

  /** These are all there are. What is not among them has gone unheard. */
  replace(objects: readonly ClusterObject[]): void {
    const before = this.#places;
    this.#places = new Map();
    this.#gone.clear();
    let changed = objects.length !== before.size;
    for (const object of objects) {
      const old = before.get(object.key);
      const place = this.#place(object, old);
      changed ||= place.item !== old?.item;
      this.#places.set(object.key, place);
    }
    if (changed) this.#onChange();
  }

  /** One has come, or is another than it was. */
  put(object: ClusterObject): void {
    const old = this.#places.get(object.key);
    const known = old?.resourceVersion ?? this.#gone.get(object.uid);
    if (known !== undefined && !isNewer(object.resourceVersion, known)) {
      this.stale++;
      return;
    }
    const place = this.#place(object, old);
    this.#places.set(object.key, place);
    if (place.item !== old?.item) this.#onChange();
  }

  /** One is gone, or no longer among those that were asked for. A successor of the same name is another object. */
  remove({ key, uid, resourceVersion }: ClusterObject): void {
    const old = this.#places.get(key);
    const isLate = old?.uid === uid && isNewer(old.resourceVersion, resourceVersion);
    if (!isLate) this.#gone.set(uid, resourceVersion);
    if (this.#gone.size > REMEMBERED) {
      const [oldest] = this.#gone.keys();
      if (oldest !== undefined) this.#gone.delete(oldest);
    }
    if (isLate || old?.uid !== uid) {
      this.stale++;
      return;
    }
    this.#places.delete(key);
    this.#onChange();
  }

  #place({ uid, resourceVersion, value }: ClusterObject, old: Place<Item> | undefined): Place<Item> {
    const same = old?.uid === uid;
    const item =
      same && old.resourceVersion === resourceVersion
        ? old.item
        : this.#read(value, same ? old.item : undefined);
    return { uid, resourceVersion, item };
  }
}
