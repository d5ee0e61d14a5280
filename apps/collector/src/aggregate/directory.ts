// SPDX-License-Identifier: Apache-2.0
import { type AddressWords, isAnyAddress, isEverybodysLoopback, isLoopbackAddress } from './address.js';
import { grown } from './grown.js';
import { KeyTable } from './key-table.js';

/** A socket that listens, or did. */
export interface Listener {
  readonly address: AddressWords;
  readonly port: number;
  readonly namespace: number;
  readonly placement: number;
  readonly open: boolean;
}

/** Stands for more than one where a single value was looked for. */
const MANY = 0xffffffff;
const CLUSTER_WIDE = 0;
/** Bound on what is remembered, so that no agent can fill the memory. */
const MAX_ENTRIES = 400_000;

/**
 * Who answers at an address and port of one cluster. Addresses belong to network namespaces, and several may use the
 * same ones: whoever speaks means its own namespace's when that has the address, then the only one of its node, then the
 * only one of the cluster; where there are several, nobody is named. Loopback is looked up in the namespace of whoever
 * speaks alone, and 127.0.0.1 and ::1, which everybody there speaks from, name only who listens. A listener that is gone goes on naming its address until another takes its place,
 * so that a refused connect is told of the one that should have been there.
 */
export class Directory {
  readonly #addresses = new KeyTable(1024);
  readonly #namespaces = new KeyTable(256);
  readonly #owners = new KeyTable(1024);
  /** The only namespace that has an address, per node and cluster-wide, or {@link MANY}. */
  #ownerNamespace: Uint32Array = new Uint32Array(1024);
  /** Whether a namespace has an address: all of them, where one is had by many. */
  readonly #had = new KeyTable(1024);
  /** Namespaces of a node that have an address, by slot of {@link #owners}. */
  #owning: Uint32Array = new Uint32Array(1024);
  readonly #listeners = new KeyTable(1024);
  #placement: Uint32Array = new Uint32Array(1024);
  #open: Uint8Array = new Uint8Array(1024);
  /** The only placement that ever listened on an address of a namespace, or {@link MANY}. */
  readonly #solo = new KeyTable(1024);
  #soloPlacement: Uint32Array = new Uint32Array(1024);
  /** The only placement whose records came from a namespace, or {@link MANY}. */
  #local: Uint32Array = new Uint32Array(256);
  #lastNode = 0;
  /** Entries that found no room. */
  refused = 0;

  constructor() {
    this.#addresses.insert(0, 0, 0, 0);
    this.#namespaces.insert(0, 0, 0);
  }

  /** The number of a network namespace of a node, from 1; 0, which has no addresses, when there is no room for more. */
  namespace(node: number, cookieLow: number, cookieHigh: number): number {
    if (this.#namespaces.size >= MAX_ENTRIES) {
      const known = this.#namespaces.find(node, cookieLow, cookieHigh);
      if (known < 0) this.refused++;
      return Math.max(known, 0);
    }
    const slot = this.#namespaces.insert(node, cookieLow, cookieHigh);
    if (slot >= this.#local.length) this.#local = grown(this.#local, this.#namespaces.capacity);
    return slot;
  }

  /** Says which namespace of `node` has an address. Loopback and unspecified addresses are nobody's. */
  own(address: AddressWords, node: number, namespace: number): void {
    if (isLoopbackAddress(address) || isAnyAddress(address)) return;
    if (namespace === 0 || this.#full()) return;
    this.#lastNode = Math.max(this.#lastNode, node);
    const at = this.#address(address);
    const before = this.#had.size;
    this.#had.insert(at, namespace);
    if (this.#had.size === before) return;
    const slot = this.#owner(at, node);
    this.#owning[slot] = (this.#owning[slot] ?? 0) + 1;
    this.#ownerNamespace[slot] = this.#owning[slot] === 1 ? namespace : MANY;
    this.#ownerNamespace[this.#owner(at, CLUSTER_WIDE)] = this.#onlyOwner(at);
  }

  /** Says that a namespace no longer has an address. It goes on naming it until another one has it. */
  disown(address: AddressWords, node: number, namespace: number): void {
    const at = this.#addresses.find(address[0] ?? 0, address[1] ?? 0, address[2] ?? 0, address[3] ?? 0);
    const had = at < 0 ? -1 : this.#had.find(at, namespace);
    if (had < 0) return;
    this.#had.remove(had);
    const slot = this.#owner(at, node);
    const owning = (this.#owning[slot] ?? 1) - 1;
    this.#owning[slot] = owning;
    this.#ownerNamespace[slot] = owning === 0 ? 0 : owning === 1 ? this.#remaining(at, node) : MANY;
    const everywhere = this.#onlyOwner(at);
    if (everywhere !== 0) this.#ownerNamespace[this.#owner(at, CLUSTER_WIDE)] = everywhere;
  }

  /** Adds a listener, or closes it. A closed one never takes the place of an open one. */
  listen(listener: Listener): void {
    if (listener.namespace === 0 || this.#full()) return;
    const any = isAnyAddress(listener.address);
    const at = any ? 0 : this.#address(listener.address);
    const slot = this.#listeners.insert(at, listener.port, listener.namespace);
    if (this.#listeners.capacity > this.#placement.length) {
      this.#placement = grown(this.#placement, this.#listeners.capacity);
      this.#open = grown(this.#open, this.#listeners.capacity);
    }
    const known = this.#placement[slot] ?? 0;
    const taken = known !== 0 && known !== listener.placement && this.#open[slot] === 1;
    if (listener.open || !taken) {
      this.#placement[slot] = listener.placement;
      this.#open[slot] = listener.open ? 1 : 0;
    }
    const solo = this.#solo.insert(at, listener.namespace);
    if (this.#solo.capacity > this.#soloPlacement.length) {
      this.#soloPlacement = grown(this.#soloPlacement, this.#solo.capacity);
    }
    this.#soloPlacement[solo] = onlyOne(this.#soloPlacement[solo] ?? 0, listener.placement);
  }

  /** Notes whose records come from a namespace: one workload alone there names its addresses. */
  speak(namespace: number, placement: number): void {
    const known = this.#local[namespace] ?? 0;
    if (known !== placement && known !== MANY) this.#local[namespace] = onlyOne(known, placement);
  }

  /** Who is at an address and port, as seen from `node` and from its `namespace`. 0: not known. */
  find(address: AddressWords, port: number, from: { node: number; namespace: number }): number {
    const loopback = isLoopbackAddress(address);
    const at = this.#addresses.find(address[0] ?? 0, address[1] ?? 0, address[2] ?? 0, address[3] ?? 0);
    const namespace = loopback ? from.namespace : at < 0 ? 0 : this.#meant(at, from);
    if (namespace === 0) return 0;
    const exact = at < 0 ? -1 : this.#listeners.find(at, port, namespace);
    if (exact >= 0) return this.#placement[exact] ?? 0;
    const wild = this.#listeners.find(0, port, namespace);
    if (wild >= 0) return this.#placement[wild] ?? 0;
    if (loopback && (at < 0 || isEverybodysLoopback(address))) return 0;
    return this.#onlyUser(at, namespace, loopback);
  }

  /** Whether some agent watches whoever is at an address, as seen from `namespace`: it is going to speak of its connections. */
  isWatched(address: AddressWords, namespace: number): boolean {
    if (isLoopbackAddress(address)) return namespace !== 0;
    const at = this.#addresses.find(address[0] ?? 0, address[1] ?? 0, address[2] ?? 0, address[3] ?? 0);
    const slot = at < 0 ? -1 : this.#owners.find(at, CLUSTER_WIDE);
    return slot >= 0 && (this.#ownerNamespace[slot] ?? 0) !== 0;
  }

  #onlyUser(at: number, namespace: number, loopback: boolean): number {
    const bound = this.#soloOf(at, namespace);
    const wild = this.#soloOf(0, namespace);
    if (loopback) return bound === MANY || wild !== 0 ? 0 : bound;
    const listening = wild === 0 || wild === bound ? bound : bound === 0 ? wild : MANY;
    const speaking = this.#local[namespace] ?? 0;
    if (listening === 0) return speaking === MANY ? 0 : speaking;
    return listening === MANY || (speaking !== 0 && speaking !== listening && bound === 0) ? 0 : listening;
  }

  #soloOf(at: number, namespace: number): number {
    if (at < 0) return 0;
    const slot = this.#solo.find(at, namespace);
    return slot < 0 ? 0 : (this.#soloPlacement[slot] ?? 0);
  }

  #onlyOwner(at: number): number {
    let found = 0;
    for (let node = 1; node <= this.#lastNode; node++) {
      const slot = this.#owners.find(at, node);
      const namespace = slot < 0 ? 0 : (this.#ownerNamespace[slot] ?? 0);
      if (namespace !== 0) found = onlyOne(found, namespace);
    }
    return found;
  }

  /** The namespace that whoever speaks means by an address, 0 when that cannot be told. */
  #meant(at: number, from: { node: number; namespace: number }): number {
    const own = this.#owners.find(at, from.node);
    const onNode = own < 0 ? 0 : (this.#ownerNamespace[own] ?? 0);
    if (onNode === MANY) return this.#had.find(at, from.namespace) < 0 ? 0 : from.namespace;
    if (onNode !== 0) return onNode;
    const everywhere = this.#owners.find(at, CLUSTER_WIDE);
    const namespace = everywhere < 0 ? 0 : (this.#ownerNamespace[everywhere] ?? 0);
    return namespace === MANY ? 0 : namespace;
  }

  /** The slot of an address on a node. */
  #owner(at: number, node: number): number {
    const slot = this.#owners.insert(at, node);
    this.#ownerNamespace = grown(this.#ownerNamespace, this.#owners.capacity);
    this.#owning = grown(this.#owning, this.#owners.capacity);
    return slot;
  }

  /** The one namespace of a node that still has an address. */
  #remaining(at: number, node: number): number {
    let found = 0;
    this.#namespaces.forEach((namespace) => {
      if (this.#namespaces.word(namespace, 0) !== node) return;
      if (this.#had.find(at, namespace) >= 0) found = namespace;
    });
    return found;
  }

  #address(words: AddressWords): number {
    return this.#addresses.insert(words[0] ?? 0, words[1] ?? 0, words[2] ?? 0, words[3] ?? 0);
  }

  #full(): boolean {
    const tables = [this.#addresses, this.#had, this.#owners, this.#listeners, this.#solo];
    if (tables.every(({ size }) => size < MAX_ENTRIES)) return false;
    this.refused++;
    return true;
  }
}

const onlyOne = (known: number, placement: number): number =>
  known === 0 || known === placement ? placement : MANY;
