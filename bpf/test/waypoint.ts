// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import { encodeMeshNode, WAYPOINT_MAPS, WAYPOINT_PROGRAMS } from '@undermesh/bpf-abi';
import { type BpfLink, type BpfObject, inNetworkNamespace, openObject } from '@undermesh/libbpf-ts';
import type { TestCgroup } from './observed.js';
import { bytesOf, type DualEngine, number } from './steered.js';

const OBJECT = fileURLToPath(new URL('../dist/waypoint.bpf.o', import.meta.url));
const OWN_MAPS = ['mesh_nodes', 'waypoint_cgroups'];

/** The waypoint's side, on the maps of an engine, attached to the cgroup that the waypoint runs in. */
export class WaypointSide {
  readonly object: BpfObject;
  readonly #links: BpfLink[] = [];

  constructor(cgroup: TestCgroup, engine: DualEngine) {
    this.object = openObject(OBJECT);
    for (const name of WAYPOINT_MAPS) {
      if (!OWN_MAPS.includes(name)) this.object.reuseMap(name, engine.map(name));
    }
    this.object.load();
    for (const name of WAYPOINT_PROGRAMS) {
      if (name !== 'keep_syns') this.#links.push(this.object.program(name).attachCgroup(cgroup.path));
    }
  }

  /** Believes options from these prefixes: `127.0.0.0/8`, `::1/128`. */
  trust(...prefixes: readonly string[]): void {
    for (const prefix of prefixes) this.object.map('mesh_nodes').update(nodeOf(prefix), number(1));
  }

  distrust(prefix: string): void {
    this.object.map('mesh_nodes').delete(nodeOf(prefix));
  }

  /** Has the listeners of a cgroup keep SYNs that are older than this object, in the network namespace of a process. */
  keepSyns(cgroupId: bigint, pid: number): void {
    const key = new Uint8Array(8);
    new DataView(key.buffer).setBigUint64(0, cgroupId, true);
    this.object.map('waypoint_cgroups').update(key, number(1));
    const link = this.object.program('keep_syns').attachIter();
    inNetworkNamespace(`/proc/${pid}/ns/net`, () => link.createIterator().run());
    link.close();
  }

  close(): void {
    for (const link of this.#links) link.close();
    this.object.close();
  }
}

function nodeOf(prefix: string): Uint8Array {
  const [address = '', bits = ''] = prefix.split('/');
  const bytes = bytesOf(address);
  if (address.includes(':')) return encodeMeshNode({ prefixBits: Number(bits), address: bytes });
  const mapped = bytesOf('::ffff:0:0');
  mapped.set(bytes.subarray(0, 4), 12);
  return encodeMeshNode({ prefixBits: 96 + Number(bits), address: mapped });
}
