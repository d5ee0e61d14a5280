// SPDX-License-Identifier: Apache-2.0
import {
  type Balancing,
  type Endpoint,
  type HttpRule,
  type MatchCandidate,
  type Mesh,
  objectKey,
  orderMatches,
  type Service,
  type Waypoint,
  type WeightedBackend,
} from '@undermesh/mesh';
import { groupByLocality, type Locality } from '../mesh/locality.js';
import { isFor } from '../mesh/routing.js';

/** What a waypoint does, with numbers in place of names. */
export interface WaypointPlan {
  readonly waypoint: Waypoint;
  /** The HTTP ports behind it, each with what it does by itself. Numbers begin at 1. */
  readonly services: readonly PlannedService[];
  /** In the order in which they are tried. */
  readonly matches: readonly PlannedMatch[];
  readonly rules: readonly PlannedRule[];
}

export interface PlannedService {
  readonly id: number;
  /** Addresses that name it, each with {@link port}. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly pool: Pool;
  /** It has routes of its own: what none of them takes is answered with 404, unless a route of the waypoint takes it. */
  readonly routed: boolean;
}

export interface PlannedMatch extends MatchCandidate {
  readonly id: number;
  readonly ruleId: number;
  /** The service it is for; `null`: all behind the waypoint. */
  readonly serviceId: number | null;
}

export interface PlannedRule {
  readonly id: number;
  readonly rule: HttpRule;
  /** Its matches' ids. */
  readonly matches: readonly PlannedMatch[];
  readonly targets: readonly PlannedTarget[];
}

/** A backend of one rule. */
export interface PlannedTarget {
  readonly id: number;
  readonly backend: WeightedBackend;
  readonly pool: Pool;
}

/** Where requests go. */
export interface PlannedServer {
  readonly address: string;
  readonly port: number;
  /** 1 to 256. */
  readonly weight: number;
}

/** Endpoints that share a port's requests. */
export interface Pool {
  readonly balancing: Balancing;
  readonly servers: readonly PlannedServer[];
}

/** Works out what a waypoint does for the services that name it, seen from where it runs. */
export function planWaypoint(mesh: Mesh, waypoint: Waypoint, here: Locality): WaypointPlan {
  const key = objectKey(waypoint);
  const poolOf = (service: Service | undefined, port: number): Pool => makePool(service, port, here);
  const services: PlannedService[] = [];
  const candidates: { readonly candidate: MatchCandidate; readonly serviceId: number | null }[] = [];
  for (const service of mesh.services.values()) {
    if (service.waypoint === null || objectKey(service.waypoint) !== key) continue;
    for (const { port, http } of service.ports) {
      if (!http) continue;
      const id = services.length + 1;
      const routes = service.routes.filter((route) => isFor(route, service, port));
      for (const candidate of orderMatches(routes, { byHostname: false }))
        candidates.push({ candidate, serviceId: id });
      const addresses = [...service.addresses.v4, ...service.addresses.v6];
      services.push({ id, addresses, port, pool: poolOf(service, port), routed: routes.length > 0 });
    }
  }
  for (const candidate of orderMatches(waypoint.routes, { byHostname: true }))
    candidates.push({ candidate, serviceId: null });

  const ruleIds = new Map<HttpRule, number>();
  const matches = candidates.map(({ candidate, serviceId }, at): PlannedMatch => {
    const ruleId = ruleIds.get(candidate.rule) ?? ruleIds.size + 1;
    ruleIds.set(candidate.rule, ruleId);
    return { ...candidate, id: at + 1, ruleId, serviceId };
  });
  let targets = 0;
  const rules = [...ruleIds].map(
    ([rule, id]): PlannedRule => ({
      id,
      rule,
      matches: matches.filter((match) => match.ruleId === id),
      targets: rule.backends
        .filter((backend) => backend.weight > 0)
        .map((backend) => ({
          id: ++targets,
          backend,
          pool: poolOf(mesh.services.get(objectKey(backend.service)), backend.port),
        })),
    }),
  );
  return { waypoint, services, matches, rules };
}

/** What HAProxy takes at most. */
const MAXIMUM_WEIGHT = 256;

/** The usable endpoints of the nearest group that has any. */
function makePool(service: Service | undefined, port: number, here: Locality): Pool {
  const name = service?.ports.find((candidate) => candidate.port === port)?.name;
  if (service === undefined || name === undefined) return { balancing: 'weighted-random', servers: [] };
  const usable = service.endpoints.flatMap((endpoint) => {
    const number = endpoint.ports[name];
    return number === undefined || endpoint.state !== 'usable' ? [] : [{ endpoint, number }];
  });
  const nearest = groupByLocality(usable, service.locality, here).find((group) => group.length > 0) ?? [];
  const heaviest = Math.max(0, ...nearest.map(({ endpoint }) => endpoint.weight));
  const servers = nearest.map(({ endpoint, number }) => ({
    address: endpoint.address,
    port: number,
    weight: service.balancing === 'round-robin' ? 1 : scaled(endpoint, heaviest),
  }));
  return { balancing: service.balancing, servers };
}

const scaled = ({ weight }: Endpoint, heaviest: number): number =>
  heaviest <= MAXIMUM_WEIGHT ? weight : Math.max(1, Math.round((weight * MAXIMUM_WEIGHT) / heaviest));
