// SPDX-License-Identifier: Apache-2.0
import {
  AddressFamily,
  Balancing,
  EndpointFlag,
  encodeEndpoint,
  encodePool,
  encodeService,
  encodeServiceKey,
  encodeSlot,
  encodeSlotKey,
  MeshLimit,
  ServiceFlag,
} from '@undermesh/bpf-abi';
import { type HttpRoute, type Mesh, type ObjectKey, objectKey, type Service } from '@undermesh/mesh';
import { addressBytes } from './address-bytes.js';
import { aliasTable } from './alias-table.js';
import { addTables, type Contents, keyText, newTables, numberKey, type Part, WAYPOINTS } from './contents.js';
import type { IdBook } from './id-book.js';
import { numberNames } from './identifiers.js';
import { layoutOf, type Member, type SlotSet, type VirtualAddress } from './layout.js';
import { groupByLocality, type Locality } from './locality.js';
import {
  type NotExpressible,
  portTable,
  type RouteNumbers,
  Router,
  routeNames,
  type ServiceRouting,
  waypointTable,
} from './routing.js';
import { encodeHostName } from './service-names.js';
import { compileWaypoints, type WaypointChoice, type WaypointPlaces } from './waypoints.js';

/** What one node makes of a mesh. */
export interface CompileOptions {
  readonly here: Locality;
  readonly book: IdBook;
  /** Whether this node can tell waypoints by a preface; without it an option on the SYN is all there is. */
  readonly prefaces: boolean;
  /** Entries that tables of routes may have in each map; absent: any number. */
  readonly routeRoom?: number;
  /** Compiled before: what has not changed is taken from there. */
  readonly previous?: Contents;
}

const PROTOCOLS = { tcp: 6, udp: 17 } as const;
const FAMILIES = { v4: AddressFamily.IPV4, v6: AddressFamily.IPV6 } as const;
const BALANCING = {
  'weighted-random': Balancing.WEIGHTED_RANDOM,
  'round-robin': Balancing.ROUND_ROBIN,
  'least-connections': Balancing.LEAST_CONNECTIONS,
} as const;

/**
 * The contents of the maps for a mesh on this node: the same for the same mesh, place and book. A service whose object
 * and numbers are those of `previous` keeps its part, as the same object.
 *
 * Service, slot set and virtual address have the same number on every node ({@link numberNames}). A virtual address that
 * two services claim belongs to the first in order of their keys.
 */
export function compile(mesh: Mesh, options: CompileOptions): Contents {
  const { book, here, previous } = options;
  const place = `${here.node} ${here.zone} ${here.region}`;
  const basis = previous === undefined ? undefined : bases.get(previous);
  const isStill = basis?.place === place && hasSameNames(mesh, basis.mesh);
  const numbers = isStill ? basis.numbers : numberMesh(mesh);
  if (!isStill) book.retain(new Set(numbers.slotSets.values()));
  const router = new Router(mesh, numbers, options.routeRoom ?? Number.POSITIVE_INFINITY);
  const waypoints = compileWaypoints(mesh, { book, here: here.node, prefaces: options.prefaces, router });
  const contents = new Map<string, Part>();
  const kept = previous?.get(WAYPOINTS);
  contents.set(WAYPOINTS, kept?.signature === waypoints.part.signature ? kept : waypoints.part);
  const isSettled =
    isStill && hasSame(mesh.waypoints, basis.mesh.waypoints) && hasSame(mesh.nodes, basis.mesh.nodes);
  for (const [name, service] of mesh.services) {
    const old = previous?.get(name);
    const routing = router.ofService(service);
    if (isSettled && old?.service === service && old.notExpressible === routing.notExpressible) {
      contents.set(name, old);
      continue;
    }
    const plan = planOf(service, { numbers, places: waypoints.places, place, routing });
    const same = old !== undefined && old.service === service && old.signature === plan.signature;
    contents.set(name, same ? old : compileService(plan, options));
  }
  bases.set(contents, { mesh, place, numbers });
  return contents;
}

/** What contents were compiled from: where that is the same again, only services that are not are looked at. */
interface Basis {
  readonly mesh: Mesh;
  readonly place: string;
  readonly numbers: Numbers;
}

const bases = new WeakMap<Contents, Basis>();

/** Numbers of the services that contents were compiled from, by their key. */
export const serviceNumbers = (contents: Contents): ReadonlyMap<ObjectKey, number> =>
  bases.get(contents)?.numbers.services ?? new Map();

/** Services of which the kernel cannot go by the routes, and why. */
export const notExpressible = (contents: Contents): NotExpressible[] =>
  [...contents].flatMap(([name, { service, notExpressible: reason }]) =>
    service === undefined || reason === null ? [] : [{ service: name as ObjectKey, reason }],
  );

/** Whether nothing has come or gone that has a number of its own: numbers are what they were then. */
function hasSameNames(mesh: Mesh, before: Mesh): boolean {
  if (mesh.services.size !== before.services.size) return false;
  for (const [name, service] of mesh.services) {
    const old = before.services.get(name);
    if (old === service) continue;
    if (old === undefined || namesOf(old) !== namesOf(service)) return false;
  }
  return hasSame(mesh.waypoints, before.waypoints) || routedBy(mesh) === routedBy(before);
}

/** Names of waypoints and of the matches of their routes. */
const routedBy = ({ waypoints }: Mesh): string =>
  [...waypoints].map(([name, { routes }]) => [name, ...routes.flatMap(routeNames)].join()).join(' ');

function namesOf(service: Service): string {
  const { slotSets, virtualAddresses } = layoutOf(service);
  const ports = service.ports.filter(({ http }) => http).map(({ port }) => port);
  const keys = [...slotSets, ...virtualAddresses].map(({ key }) => key);
  return [...keys, ...ports, ...service.routes.flatMap(routeNames)].join();
}

function hasSame<T>(these: ReadonlyMap<string, T>, those: ReadonlyMap<string, T>): boolean {
  return these.size === those.size && [...these].every(([key, value]) => those.get(key) === value);
}

interface Numbers extends RouteNumbers {
  readonly virtualAddresses: ReadonlyMap<string, number>;
  /** Which service has a virtual address. */
  readonly claims: ReadonlyMap<string, ObjectKey>;
}

function numberMesh(mesh: Mesh): Numbers {
  const claims = new Map<string, ObjectKey>();
  const slotSets: string[] = [];
  const routeTables: string[] = [];
  const routes = new Set<HttpRoute>();
  for (const waypoint of mesh.waypoints.values()) {
    if (waypoint.routes.length > 0) routeTables.push(waypointTable(waypoint));
    for (const route of waypoint.routes) routes.add(route);
  }
  for (const [name, service] of mesh.services) {
    for (const route of service.routes) routes.add(route);
    for (const { port, http } of service.ports) if (http) routeTables.push(portTable(service, port));
    const layout = layoutOf(service);
    for (const { key } of layout.slotSets) slotSets.push(key);
    for (const { key } of layout.virtualAddresses) if (!claims.has(key)) claims.set(key, name);
  }
  return {
    services: numberNames(mesh.services.keys()),
    slotSets: numberNames(slotSets),
    virtualAddresses: numberNames(claims.keys()),
    routeTables: numberNames(routeTables),
    routes: numberNames([...routes].flatMap(routeNames)),
    claims,
  };
}

/** All that a part depends on, in numbers. */
interface Plan {
  readonly service: Service;
  readonly serviceId: number;
  readonly slotsIds: ReadonlyMap<SlotSet, number>;
  readonly own: readonly {
    readonly at: VirtualAddress;
    readonly vipId: number;
    readonly via: WaypointChoice;
  }[];
  readonly routing: ServiceRouting;
  readonly signature: string;
}

const number = (numbers: ReadonlyMap<string, number>, name: string): number => numbers.get(name) ?? 0;

function planOf(
  service: Service,
  of: {
    readonly numbers: Numbers;
    readonly places: WaypointPlaces;
    readonly place: string;
    readonly routing: ServiceRouting;
  },
): Plan {
  const { numbers, places, place, routing } = of;
  const layout = layoutOf(service);
  const name = objectKey(service);
  const serviceId = number(numbers.services, name);
  const slotsIds = new Map(layout.slotSets.map((set) => [set, number(numbers.slotSets, set.key)]));
  const own = layout.virtualAddresses
    .filter(({ key }) => numbers.claims.get(key) === name)
    .map((at) => {
      const vipId = number(numbers.virtualAddresses, at.key);
      return { at, vipId, via: places(service, at) };
    });
  const vips = own.map(({ vipId, via }) => `${vipId}>${via.endpointId}:${via.transport}:${via.missing}`);
  const tables = [...routing.tables.values()].flatMap(({ tables: { route_tables } }) =>
    [...route_tables].map(([key, value]) => key + keyText(value)),
  );
  const signature = [place, serviceId, ...slotsIds.values(), ...vips, routing.notExpressible, ...tables].join(
    ' ',
  );
  return { service, serviceId, slotsIds, own, routing, signature };
}

function compileService(plan: Plan, options: CompileOptions): Part {
  const { service, serviceId, slotsIds, own, routing, signature } = plan;
  const tables = newTables();
  const groupSlots = new Map<SlotSet, number[]>();
  for (const [slotSet, slotsId] of slotsIds) {
    const counts = compileSlots({ service, slotSet, slotsId }, options, tables);
    groupSlots.set(slotSet, counts);
    const pool = encodePool({
      serviceId,
      balancing: BALANCING[service.balancing],
      groupCount: counts.length,
      reserved: new Uint8Array(2),
      groupSlots: countBytes(counts),
    });
    tables.pools.set(keyText(numberKey(slotsId)), pool);
  }
  for (const table of routing.tables.values()) addTables(tables, table.tables);
  for (const { at, vipId, via } of own) {
    const protocol = PROTOCOLS[at.port.protocol];
    const address = addressBytes(at.address);
    const key = encodeServiceKey({ address, port: at.port.port, family: FAMILIES[at.family], protocol });
    // Without its waypoint a service's routes would not be obeyed: no slots, refused.
    const counts = via.missing ? [] : (groupSlots.get(at.slotSet) ?? []);
    const isEmpty = counts.every((slots) => slots === 0);
    const value = encodeService({
      serviceId,
      slotsId: slotsIds.get(at.slotSet) ?? 0,
      vipId,
      waypointId: via.endpointId,
      balancing: BALANCING[service.balancing],
      groupCount: counts.length,
      waypointTransport: via.transport,
      flags: via.missing
        ? ServiceFlag.NO_WAYPOINT
        : isEmpty && hasUsable(at.slotSet)
          ? ServiceFlag.ELSEWHERE
          : 0,
      groupSlots: countBytes(counts),
      routesId: at.port.http ? (routing.tables.get(at.port.port)?.routesId ?? 0) : 0,
      // Ports with routes are declared to speak HTTP: the client speaks first, whenever that is.
      graceMs: 0,
      maxConnections: service.maxConnections ?? 0,
      reserved: 0,
    });
    tables.services.set(keyText(key), value);
    tables.vips.set(keyText(numberKey(vipId)), key);
  }
  tables.service_names.set(keyText(numberKey(serviceId)), encodeHostName(service));
  return { ...tables, service, signature, notExpressible: routing.notExpressible };
}

/** Writes endpoints and slots of a slot set; returns how many slots each group has. */
function compileSlots(
  of: { readonly service: Service; readonly slotSet: SlotSet; readonly slotsId: number },
  { here, book }: CompileOptions,
  tables: ReturnType<typeof newTables>,
): number[] {
  const { service, slotSet, slotsId } = of;
  const ids = new Map<Member, number>();
  const weights = new Map<number, number>();
  for (const member of slotSet.members) {
    const { endpoint, port } = member;
    const address = addressBytes(endpoint.address);
    const id = book.endpointId({ slotsId, address, port });
    if (weights.has(id)) continue; // named twice
    weights.set(id, service.balancing === 'round-robin' ? 1 : endpoint.weight);
    const local = here.node !== null && endpoint.node === here.node ? EndpointFlag.LOCAL : 0;
    const draining = endpoint.state === 'draining' ? EndpointFlag.DRAINING : 0;
    const family = FAMILIES[endpoint.family];
    const { weight } = endpoint;
    const value = encodeEndpoint({ address, port, family, flags: local | draining, slotsId, weight });
    tables.endpoints.set(keyText(numberKey(id)), value);
    if (endpoint.state === 'usable') ids.set(member, id);
  }
  const groups = groupByLocality([...ids.keys()], service.locality, here).slice(0, MeshLimit.GROUPS);
  return groups.map((members, group) => {
    const inOrder = book.arrange(
      slotsId,
      group,
      members.map((member) => ids.get(member) ?? 0),
    );
    const slots = aliasTable(inOrder.map((id) => weights.get(id) ?? 1));
    for (const [slot, { threshold, other }] of slots.entries()) {
      const endpointId = inOrder[slot] ?? 0;
      const otherEndpointId = inOrder[other] ?? 0;
      const key = encodeSlotKey({ slotsId, group, slot });
      tables.slots.set(keyText(key), encodeSlot({ threshold, endpointId, otherEndpointId }));
    }
    return inOrder.length;
  });
}

const hasUsable = ({ members }: SlotSet): boolean =>
  members.some(({ endpoint }) => endpoint.state === 'usable');

function countBytes(counts: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * MeshLimit.GROUPS);
  const view = new DataView(bytes.buffer);
  for (const [group, count] of counts.entries()) view.setUint32(4 * group, count, true);
  return bytes;
}
