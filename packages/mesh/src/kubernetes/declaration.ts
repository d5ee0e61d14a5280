// SPDX-License-Identifier: Apache-2.0
import type {
  Addresses,
  Balancing,
  HttpRoute,
  LocalityPolicy,
  MeshNode,
  ObjectName,
  ServicePort,
  WaypointListener,
} from '../model.js';
import type { Problem } from '../problem.js';
import type { FieldProblem } from './field.js';

/** Where an object was declared: turns what is found wrong with one of its fields into a problem with a place. */
export interface Origin {
  /** E.g. `Service shop/cart`. */
  readonly object: string;
  /** E.g. `mesh/shop.yaml:12`. */
  readonly place: string;
  problem(found: FieldProblem): Problem;
}

interface Declared extends ObjectName {
  readonly origin: Origin;
}

/** The waypoint that labels name; `none`: not even the namespace's; `null`: the labels say nothing. */
export type WaypointChoice = ObjectName | 'none' | null;

export interface ServiceDeclaration extends Declared {
  readonly kind: 'Service';
  readonly addresses: Addresses;
  readonly ports: readonly ServicePort[];
  readonly balancing: Balancing;
  readonly locality: LocalityPolicy;
  readonly maxConnections: number | null;
  readonly waypoint: WaypointChoice;
  /** Endpoints that are not ready are as good as others. */
  readonly publishNotReady: boolean;
}

export interface EndpointSliceDeclaration extends Declared {
  readonly kind: 'EndpointSlice';
  readonly service: ObjectName;
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly SliceEndpoint[];
  /** 0: all of them drain. */
  readonly weight: number;
}

export interface SlicePort {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
}

export interface SliceEndpoint {
  readonly address: string;
  readonly family: 'v4' | 'v6';
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly node: string | null;
  readonly zone: string | null;
}

export interface HttpRouteDeclaration extends Declared {
  readonly kind: 'HTTPRoute';
  readonly route: HttpRoute;
}

export interface GatewayDeclaration extends Declared {
  readonly kind: 'Gateway';
  /** `null`: of another class, not ours to run. */
  readonly waypoint: {
    readonly addresses: Addresses;
    readonly listeners: readonly WaypointListener[];
    readonly node: string | null;
  } | null;
}

export interface NamespaceDeclaration extends Declared {
  readonly kind: 'Namespace';
  readonly waypoint: WaypointChoice;
  /** What the label `istio.io/dataplane-mode` says of its pods, in lower case; `null`: nothing. */
  readonly dataplaneMode: string | null;
}

export interface NodeDeclaration extends Declared {
  readonly kind: 'Node';
  readonly node: MeshNode;
}

/** What one object says by itself, before it is put together with the others. */
export type Declaration =
  | ServiceDeclaration
  | EndpointSliceDeclaration
  | HttpRouteDeclaration
  | GatewayDeclaration
  | NamespaceDeclaration
  | NodeDeclaration;
