// SPDX-License-Identifier: Apache-2.0
import type {
  EndpointSliceDeclaration,
  ServiceDeclaration,
  SliceEndpoint,
  SlicePort,
} from '../kubernetes/declaration.js';
import type { Endpoint, MeshNode } from '../model.js';

/** Where nodes are, and which region a zone belongs to. */
export interface Places {
  readonly nodes: ReadonlyMap<string, MeshNode>;
  readonly regionOfZone: ReadonlyMap<string, string>;
}

export function placesOf(nodes: ReadonlyMap<string, MeshNode>): Places {
  const regionOfZone = new Map<string, string>();
  for (const { zone, region } of nodes.values())
    if (zone !== null && region !== null) regionOfZone.set(zone, region);
  return { nodes, regionOfZone };
}

/**
 * The endpoints of a service out of its slices. One that two slices hold, as while Kubernetes moves it, counts once.
 * Where none is ready, those that end but still serve are used, as kube-proxy does (KEP-1669).
 */
export function endpointsOf(
  service: ServiceDeclaration,
  slices: readonly EndpointSliceDeclaration[],
  places: Places,
): Endpoint[] {
  const all = slices.flatMap((slice) =>
    slice.endpoints.map((endpoint) => ({ endpoint, slice, ports: portsOf(service, slice.ports) })),
  );
  const ready = ({ endpoint, slice }: (typeof all)[number]): boolean =>
    slice.weight > 0 && (endpoint.ready || service.publishNotReady);
  const lastResort = ({ endpoint, slice }: (typeof all)[number]): boolean =>
    slice.weight > 0 && endpoint.terminating && endpoint.serving;
  const isUsable = all.some(ready) ? ready : lastResort;

  const found = new Map<string, Endpoint>();
  for (const one of all) {
    const endpoint: Endpoint = {
      address: one.endpoint.address,
      family: one.endpoint.family,
      ports: one.ports,
      state: isUsable(one) ? 'usable' : 'draining',
      weight: Math.max(1, one.slice.weight),
      ...placeOf(one.endpoint, places),
    };
    const key = `${endpoint.address} ${JSON.stringify(endpoint.ports)}`;
    if (found.get(key)?.state !== 'usable') found.set(key, endpoint);
  }
  return [...found.entries()]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, endpoint]) => endpoint);
}

function portsOf(service: ServiceDeclaration, ports: readonly SlicePort[]): Readonly<Record<string, number>> {
  const numbers: Record<string, number> = {};
  for (const { name, protocol } of service.ports) {
    const port = ports.find((candidate) => candidate.name === name && candidate.protocol === protocol);
    if (port !== undefined) numbers[name] = port.port;
  }
  return numbers;
}

function placeOf(endpoint: SliceEndpoint, places: Places): Pick<Endpoint, 'node' | 'zone' | 'region'> {
  const node = endpoint.node === null ? undefined : places.nodes.get(endpoint.node);
  const zone = endpoint.zone ?? node?.zone ?? null;
  const region = node?.region ?? (zone === null ? null : (places.regionOfZone.get(zone) ?? null));
  return { node: endpoint.node, zone, region };
}
