// SPDX-License-Identifier: Apache-2.0
import { AddressFamily, decodeListenerEntry, ListenerEntry as ListenerLayout } from '@undermesh/bpf-abi';
import type { ListenerEntry, NamespaceEntry } from '@undermesh/schema';
import type { Identity } from '../identity/identity.js';
import { addressesOf, formatAddress } from './addresses.js';

/** Where this agent's collector listens, when that is on this host: its process is one of ours. */
export interface CollectorPort {
  readonly port: number;
  readonly name: string;
}

/** What listeners rest on. */
export interface ListenersOptions {
  readonly identity: Identity;
  readonly collector: CollectorPort | undefined;
  /** The procfs; default `/proc`. */
  readonly processes?: string;
}

const NAMESPACES_EVERY_MS = 5_000;
const MAX_LISTENERS = 20_000;

/** Who listens where, and the addresses of the network namespaces they listen in, with what changed. */
export class Listeners {
  readonly #options: ListenersOptions;
  readonly #open = new Map<string, ListenerEntry>();
  readonly #changed = new Map<string, ListenerEntry>();
  readonly #namespaces = new Map<string, NamespaceEntry>();
  readonly #changedNamespaces = new Map<string, NamespaceEntry>();
  #seen: Uint8Array = new Uint8Array();
  #collectorPid = 0;
  #namespacesAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ListenersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Takes in what the kernel's iterator wrote: listener_entry structures. `nowNs` is CLOCK_BOOTTIME. */
  update(bytes: Uint8Array, nowNs: number): void {
    const same = Buffer.compare(bytes, this.#seen) === 0;
    const nowMs = performance.now();
    const due = nowMs - this.#namespacesAtMs >= NAMESPACES_EVERY_MS;
    if (same && !due) return;
    const entries = Array.from({ length: Math.floor(bytes.byteLength / ListenerLayout.BYTES) }, (_, i) =>
      decodeListenerEntry(bytes, i * ListenerLayout.BYTES),
    );
    if (!same) {
      this.#seen = bytes;
      this.#findCollector(entries);
      this.#compare(entries, nowNs);
    }
    const members = new Map<string, number[]>();
    for (const { netnsCookie, pid } of entries) {
      const cookie = netnsCookie.toString();
      members.set(cookie, [...(members.get(cookie) ?? []), pid]);
    }
    for (const cookie of this.#namespaces.keys()) {
      if (members.has(cookie)) continue;
      this.#namespaces.delete(cookie);
      this.#changedNamespaces.set(cookie, { netnsCookie: cookie, addresses: [] });
    }
    for (const [cookie, pids] of members) {
      if (due || !this.#namespaces.has(cookie)) this.#readNamespace(cookie, pids);
    }
    if (due) this.#namespacesAtMs = nowMs;
  }

  /** The collector of this host is the one that listens on the port of its URL. */
  #findCollector(entries: readonly { port: number; pid: number }[]): void {
    const { identity, collector } = this.#options;
    if (collector === undefined) return;
    const pid = entries.find(({ port }) => port === collector.port)?.pid ?? 0;
    if (pid === this.#collectorPid) return;
    if (this.#collectorPid !== 0) identity.removeSystemProcess(this.#collectorPid);
    if (pid !== 0) identity.addSystemProcess(pid, collector.name);
    this.#collectorPid = pid;
  }

  #compare(entries: readonly ReturnType<typeof decodeListenerEntry>[], nowNs: number): void {
    const found = new Map<string, ListenerEntry>();
    for (const entry of entries.slice(0, MAX_LISTENERS)) {
      if (entry.port === 0) continue;
      const address = formatAddress(entry.address, entry.family === AddressFamily.IPV6);
      const netnsCookie = entry.netnsCookie.toString();
      const key = `${netnsCookie} ${address} ${entry.port}`;
      // Several sockets on one address and port (SO_REUSEPORT): the first one stands for all.
      if (found.has(key)) continue;
      const { pid, process } = entry;
      const workloadId = this.#options.identity.ofListener(
        { cgroupId: Number(entry.cgroupId), pid, process },
        nowNs,
      );
      found.set(key, { address, port: entry.port, netnsCookie, workloadId, open: true });
    }
    for (const [key, entry] of this.#open) {
      if (found.has(key)) continue;
      this.#open.delete(key);
      this.#changed.set(key, { ...entry, open: false });
    }
    for (const [key, entry] of found) {
      if (this.#open.get(key)?.workloadId === entry.workloadId) continue;
      this.#open.set(key, entry);
      this.#changed.set(key, entry);
    }
  }

  #readNamespace(netnsCookie: string, pids: readonly number[]): void {
    for (const pid of new Set(pids)) {
      if (pid === 0) continue;
      const addresses = addressesOf(pid, this.#options.processes);
      if (addresses === undefined) continue;
      const entry = { netnsCookie, addresses };
      if (this.#namespaces.get(netnsCookie)?.addresses.join() === addresses.join()) return;
      this.#namespaces.set(netnsCookie, entry);
      this.#changedNamespaces.set(netnsCookie, entry);
      return;
    }
  }

  /** What changed since the last call of this or of {@link takeAll}. */
  takeChanges(): { listeners: ListenerEntry[]; namespaces: NamespaceEntry[] } {
    const changes = {
      listeners: [...this.#changed.values()],
      namespaces: [...this.#changedNamespaces.values()],
    };
    this.#changed.clear();
    this.#changedNamespaces.clear();
    return changes;
  }

  get hasChanges(): boolean {
    return this.#changed.size > 0 || this.#changedNamespaces.size > 0;
  }

  /** Everything that is open; {@link takeChanges} then only has later changes. */
  takeAll(): { listeners: ListenerEntry[]; namespaces: NamespaceEntry[] } {
    this.#changed.clear();
    this.#changedNamespaces.clear();
    return { listeners: [...this.#open.values()], namespaces: [...this.#namespaces.values()] };
  }
}
