// SPDX-License-Identifier: Apache-2.0
import type { Dictionary } from '@undermesh/schema';
import type { Workloads } from '../identity/workloads.js';
import type { Listeners } from '../listeners/listeners.js';
import type { ServiceNames } from '../mesh/index.js';
import type { DictionarySource } from './uplink.js';

/** Entries of each list in one frame: at their largest (a workload of 1.3 KiB, a namespace of some KiB) far below 1 MiB. */
const MAX_WORKLOADS = 400;
const MAX_SERVICES = 1_000;
const MAX_LISTENERS = 2_000;
const MAX_ADDRESSES = 8_192;

type Parts = Required<Omit<Dictionary, 'full'>>;

/** What a dictionary is made from. */
export interface DictionaryParts {
  readonly workloads: Workloads;
  readonly services: ServiceNames;
  readonly listeners: Listeners;
}

/** The dictionary of a stream: its workloads, services, listeners and namespaces, in frames that a collector accepts. */
export function dictionarySource({ workloads, services, listeners }: DictionaryParts): DictionarySource {
  return {
    whole: () =>
      inFrames(
        { workloads: workloads.takeAll(), services: services.takeAll(), ...listeners.takeAll() },
        true,
      ),
    changes: () => {
      if (!workloads.hasNew && !services.hasNew && !listeners.hasChanges) return [];
      return inFrames(
        { workloads: workloads.takeNew(), services: services.takeNew(), ...listeners.takeChanges() },
        false,
      );
    },
  };
}

/** The first of a whole dictionary is `full`, those that complete it are not. */
function inFrames(parts: Parts, full: boolean): Dictionary[] {
  const frames: Dictionary[] = [];
  const add = (part: Partial<Parts>): void => {
    frames.push({ full: full && frames.length === 0, workloads: [], listeners: [], namespaces: [], ...part });
  };
  const { workloads, services, listeners, namespaces } = parts;
  const small =
    workloads.length <= MAX_WORKLOADS &&
    services.length <= MAX_SERVICES &&
    listeners.length <= MAX_LISTENERS &&
    namespaces.reduce((sum, { addresses }) => sum + addresses.length, 0) <= MAX_ADDRESSES;
  if (small) {
    add(parts);
    return frames;
  }
  for (let i = 0; i < workloads.length; i += MAX_WORKLOADS)
    add({ workloads: workloads.slice(i, i + MAX_WORKLOADS) });
  for (let i = 0; i < services.length; i += MAX_SERVICES)
    add({ services: services.slice(i, i + MAX_SERVICES) });
  for (let i = 0; i < listeners.length; i += MAX_LISTENERS)
    add({ listeners: listeners.slice(i, i + MAX_LISTENERS) });
  let batch: typeof namespaces = [];
  let addresses = 0;
  for (const namespace of namespaces) {
    if (batch.length > 0 && addresses + namespace.addresses.length > MAX_ADDRESSES) {
      add({ namespaces: batch });
      batch = [];
      addresses = 0;
    }
    batch.push(namespace);
    addresses += namespace.addresses.length;
  }
  if (batch.length > 0) add({ namespaces: batch });
  return frames;
}
