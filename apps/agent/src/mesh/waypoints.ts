// SPDX-License-Identifier: Apache-2.0
import { AddressFamily, EndpointFlag, encodeEndpoint, WaypointTransport } from '@undermesh/bpf-abi';
import { type Mesh, objectKey, type Service, type Waypoint, type WaypointListener } from '@undermesh/mesh';
import { addressBytes } from './address-bytes.js';
import { addTables, keyText, newTables, numberKey, type Part } from './contents.js';
import type { IdBook } from './id-book.js';
import type { VirtualAddress } from './layout.js';
import type { Router } from './routing.js';

/** Where connects to a virtual address go instead. */
export interface WaypointChoice {
  /** 0: nowhere else. */
  readonly endpointId: number;
  /** A value of {@link WaypointTransport}. */
  readonly transport: number;
  /** It should go to a waypoint, and none can be reached from here. */
  readonly missing: boolean;
}

/** Finds the waypoint of a service's virtual address. */
export type WaypointPlaces = (service: Service, at: VirtualAddress) => WaypointChoice;

const NONE: WaypointChoice = { endpointId: 0, transport: WaypointTransport.NONE, missing: false };
const MISSING: WaypointChoice = { ...NONE, missing: true };
const TRANSPORTS = {
  'syn-option': WaypointTransport.SYN_OPTION,
  'proxy-v2': WaypointTransport.PROXY_V2,
  'kmesh-tlv': WaypointTransport.KMESH_TLV,
} as const;

/**
 * Endpoints and routes of all waypoints, and who goes to which: HTTP ports of a service that names one, by the most preferred
 * transport that its node can take. An option on the SYN is read by an agent only, so it needs one on that node.
 */
export function compileWaypoints(
  mesh: Mesh,
  on: {
    readonly book: IdBook;
    readonly here: string | null;
    readonly prefaces: boolean;
    readonly router: Router;
  },
): { readonly part: Part; readonly places: WaypointPlaces } {
  const tables = newTables();
  const choices = new Map<string, WaypointChoice>();
  for (const [name, waypoint] of mesh.waypoints) {
    const listener = preferred(waypoint, { mesh, prefaces: on.prefaces });
    if (listener === undefined) continue;
    for (const family of ['v4', 'v6'] as const) {
      const [text] = waypoint.addresses[family];
      if (text === undefined) continue;
      const address = addressBytes(text);
      const { port } = listener;
      const endpointId = on.book.endpointId({ slotsId: 0, address, port });
      const local = on.here !== null && waypoint.node === on.here ? EndpointFlag.LOCAL : 0;
      const value = encodeEndpoint({
        address,
        port,
        family: family === 'v4' ? AddressFamily.IPV4 : AddressFamily.IPV6,
        flags: EndpointFlag.WAYPOINT | local,
        slotsId: 0,
        weight: 1,
      });
      tables.endpoints.set(keyText(numberKey(endpointId)), value);
      choices.set(`${name} ${family}`, {
        endpointId,
        transport: TRANSPORTS[listener.transport],
        missing: false,
      });
    }
  }
  for (const table of on.router.ofWaypoints()) addTables(tables, table.tables);
  const told = [...tables.endpoints, ...tables.route_tables];
  const signature = told.map(([key, value]) => key + keyText(value)).join();
  const places: WaypointPlaces = (service, { port, family }) => {
    if (service.waypoint === null || !port.http || port.protocol !== 'tcp') return NONE;
    return choices.get(`${objectKey(service.waypoint)} ${family}`) ?? MISSING;
  };
  return { part: { ...tables, service: undefined, signature, notExpressible: null }, places };
}

function preferred(
  waypoint: Waypoint,
  on: { readonly mesh: Mesh; readonly prefaces: boolean },
): WaypointListener | undefined {
  const hasAgent = waypoint.node !== null && on.mesh.nodes.has(waypoint.node);
  return waypoint.listeners.find(({ transport }) => (transport === 'syn-option' ? hasAgent : on.prefaces));
}
