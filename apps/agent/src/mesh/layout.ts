// SPDX-License-Identifier: Apache-2.0
import { type Endpoint, objectKey, type Service, type ServicePort } from '@undermesh/mesh';

/** An endpoint, at the port that a service's port leads to. */
export interface Member {
  readonly endpoint: Endpoint;
  readonly port: number;
}

/** Endpoints that one or more ports of a service lead to, of one family. */
export interface SlotSet {
  /** Names it on every node. */
  readonly key: string;
  readonly family: 'v4' | 'v6';
  /** Draining ones included. */
  readonly members: readonly Member[];
}

/** One port at one address of a service. */
export interface VirtualAddress {
  /** `tcp 10.96.0.1 80`: names it on every node. */
  readonly key: string;
  readonly address: string;
  readonly family: 'v4' | 'v6';
  readonly port: ServicePort;
  readonly slotSet: SlotSet;
}

/** A service's virtual addresses and what is behind them. */
export interface ServiceLayout {
  readonly slotSets: readonly SlotSet[];
  readonly virtualAddresses: readonly VirtualAddress[];
}

const layouts = new WeakMap<Service, ServiceLayout>();

/** Services do not change: each is laid out once. Ports that lead to the same endpoints share a slot set. */
export function layoutOf(service: Service): ServiceLayout {
  const known = layouts.get(service);
  if (known !== undefined) return known;
  const layout = layOut(service);
  layouts.set(service, layout);
  return layout;
}

function layOut(service: Service): ServiceLayout {
  const slotSets = new Map<string, SlotSet>();
  const virtualAddresses: VirtualAddress[] = [];
  for (const family of ['v4', 'v6'] as const) {
    const addresses = service.addresses[family];
    if (addresses.length === 0) continue;
    const endpoints = service.endpoints.filter((endpoint) => endpoint.family === family);
    for (const port of service.ports) {
      const members = membersOf(endpoints, port.name);
      const ports = members.map((member) => `${member.endpoint.address} ${member.port}`).join();
      const same = `${family} ${port.protocol} ${ports}`;
      const key = `${objectKey(service)} ${family} ${port.protocol} ${port.name}`;
      const slotSet = slotSets.get(same) ?? { key, family, members };
      slotSets.set(same, slotSet);
      for (const address of addresses) {
        const name = `${port.protocol} ${address} ${port.port}`;
        virtualAddresses.push({ key: name, address, family, port, slotSet });
      }
    }
  }
  return { slotSets: [...slotSets.values()], virtualAddresses };
}

function membersOf(endpoints: readonly Endpoint[], portName: string): Member[] {
  const members: Member[] = [];
  for (const endpoint of endpoints) {
    const port = endpoint.ports[portName];
    if (port !== undefined) members.push({ endpoint, port });
  }
  return members;
}
