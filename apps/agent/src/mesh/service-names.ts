// SPDX-License-Identifier: Apache-2.0
import { decodeServiceName, encodeServiceName, ServiceName } from '@undermesh/bpf-abi';
import type { ObjectKey, ObjectName } from '@undermesh/mesh';
import type { ServiceEntry } from '@undermesh/schema';
import { keyBytes, type Tables } from './contents.js';

const MAX_CHARACTERS = ServiceName.BYTES - ServiceName.name;
const SUFFIX = '.svc';

/**
 * What services are called, by the numbers that records carry. Connections outlive the services that they were steered
 * by, so nothing is forgotten; a number that is given to another name is told again.
 */
export class ServiceNames {
  readonly #keys = new Map<number, ObjectKey>();
  readonly #entries: ServiceEntry[] = [];
  #told = 0;

  /** Names a number; nothing when it is known by that name. */
  learn(id: number, key: ObjectKey): void {
    if (this.#keys.get(id) === key) return;
    this.#keys.set(id, key);
    const slash = key.indexOf('/');
    this.#entries.push({ id, namespace: key.slice(0, slash), name: key.slice(slash + 1) });
  }

  /** Takes the names that an earlier run left in the kernel. */
  restore({ service_names }: Pick<Tables, 'service_names'>): void {
    for (const [key, value] of service_names) {
      const bytes = keyBytes(key);
      const name = decodeHostName(value);
      const id = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
      if (name !== undefined) this.learn(id, `${name.namespace}/${name.name}`);
    }
  }

  get hasNew(): boolean {
    return this.#told < this.#entries.length;
  }

  /** What was added since the last call. */
  takeNew(): ServiceEntry[] {
    const added = this.#entries.slice(this.#told);
    this.#told = this.#entries.length;
    return added;
  }

  /** All of them; {@link takeNew} then only has later ones. */
  takeAll(): ServiceEntry[] {
    this.#told = this.#entries.length;
    return [...this.#entries];
  }

  /** Those behind the first `count`; {@link takeNew} takes no notice. */
  after(count: number): ServiceEntry[] {
    return this.#entries.slice(count);
  }
}

/** A service's host name in the cluster as the map service_names has it, as far as there is room: what a waypoint is told. */
export function encodeHostName({ namespace, name }: ObjectName): Uint8Array {
  const host = `${name}.${namespace}${SUFFIX}`.slice(0, MAX_CHARACTERS);
  return encodeServiceName({ length: host.length, name: host });
}

/** The service behind such a host name; `undefined` where there was no room for all of it. */
export function decodeHostName(value: Uint8Array): ObjectName | undefined {
  const { name: host } = decodeServiceName(value);
  const [name, namespace, ...rest] = host.split('.');
  if (!name || !namespace || rest.join('.') !== SUFFIX.slice(1)) return undefined;
  return { namespace, name };
}
