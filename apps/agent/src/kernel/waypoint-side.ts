// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync } from 'node:fs';
import { encodeMeshNode } from '@undermesh/bpf-abi';
import { BpfError, type BpfMap, BpfProgram, inNetworkNamespace } from '@undermesh/libbpf-ts';
import { addressBytes, keyBytes, keyText, numberKey } from '../mesh/index.js';
import { LISTENERS_PROGRAM } from './engine-hooks.js';
import type { EngineStore } from './engine-store.js';
import type { EngineVersion } from './engine-version.js';
import type { EnrolledCgroup } from './enrolment.js';

const IPV4_BITS = 32;
const MAPPED_BITS = 96;

/** What the kernel needs for waypoints of this node: whom they believe, and which listeners are theirs. */
export class WaypointSide {
  readonly #store: EngineStore;
  readonly #nodes: BpfMap | undefined;
  readonly #cgroups: BpfMap | undefined;
  readonly #known = new Set<string>();

  constructor(store: EngineStore, { maps }: EngineVersion) {
    this.#store = store;
    this.#nodes = maps.get('mesh_nodes');
    this.#cgroups = maps.get('waypoint_cgroups');
  }

  /**
   * Options on SYNs are believed from these addresses and prefixes alone (`10.1.0.0/16`, `fd00::1`). Throws BpfError.
   */
  trust(prefixes: Iterable<string>): void {
    const nodes = this.#nodes;
    if (nodes === undefined) return;
    const wanted = new Set([...prefixes].map((prefix) => keyText(nodeOf(prefix))));
    const known = new Set([...nodes.keys()].map(keyText));
    for (const key of wanted) if (!known.has(key)) nodes.update(keyBytes(key), numberKey(1));
    for (const key of known) if (!wanted.has(key)) nodes.delete(keyBytes(key));
  }

  /** Cgroups that waypoints run in: what listens there already keeps SYNs as well from now on. Throws BpfError. */
  look(cgroups: readonly EnrolledCgroup[]): void {
    const map = this.#cgroups;
    if (map === undefined) return;
    const wanted = new Map(cgroups.map((cgroup) => [keyText(idKey(cgroup.id)), cgroup]));
    for (const key of map.keys()) if (!wanted.has(keyText(key))) map.delete(key);
    for (const key of this.#known) if (!wanted.has(key)) this.#known.delete(key);
    const come = [...wanted].filter(([key]) => !this.#known.has(key));
    for (const [key] of come) {
      map.update(keyBytes(key), numberKey(1));
      this.#known.add(key);
    }
    for (const namespace of namespacesOf(come.map(([, cgroup]) => cgroup))) this.#keepSyns(namespace);
  }

  #keepSyns(namespace: string): void {
    using program = BpfProgram.openPinned(this.#store.pinOf('program', LISTENERS_PROGRAM), 'trace_iter');
    using link = program.attachIter();
    try {
      inNetworkNamespace(namespace, () => link.createIterator().run());
    } catch (error) {
      if (!(error instanceof BpfError && error.code === 'BPF_NAMESPACE')) throw error; // its process has ended
    }
  }
}

/** Network namespaces of the processes in cgroups, each once. */
function namespacesOf(cgroups: readonly EnrolledCgroup[]): Iterable<string> {
  const namespaces = new Map<bigint, string>();
  for (const { directory } of cgroups) {
    for (const pid of readFileSync(`${directory}/cgroup.procs`, 'utf8').split('\n')) {
      const path = `/proc/${pid}/ns/net`;
      const found = pid === '' ? undefined : statSync(path, { bigint: true, throwIfNoEntry: false });
      if (found !== undefined) namespaces.set(found.ino, path);
    }
  }
  return namespaces.values();
}

function idKey(cgroup: string): Uint8Array {
  const key = new Uint8Array(8);
  new DataView(key.buffer).setBigUint64(0, BigInt(cgroup), true);
  return key;
}

function nodeOf(prefix: string): Uint8Array {
  const [text = '', bits] = prefix.split('/');
  const bytes = addressBytes(text);
  if (text.includes(':')) return encodeMeshNode({ prefixBits: Number(bits ?? 128), address: bytes });
  const mapped = addressBytes('::ffff:0.0.0.0');
  mapped.set(bytes.subarray(0, 4), 12);
  return encodeMeshNode({ prefixBits: MAPPED_BITS + Number(bits ?? IPV4_BITS), address: mapped });
}
