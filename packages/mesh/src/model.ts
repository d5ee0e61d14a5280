// SPDX-License-Identifier: Apache-2.0

/** A namespaced object. */
export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

/** `namespace/name`: the key of {@link Mesh.services} and {@link Mesh.waypoints}. */
export type ObjectKey = `${string}/${string}`;

/** Key of an object in a {@link Mesh}'s maps. */
export const objectKey = (object: ObjectName): ObjectKey => `${object.namespace}/${object.name}`;

/**
 * All that traffic is steered by, whichever source said so. Immutable: a change makes a new snapshot in which every
 * object that did not change is the same object as before, so that a difference is found by comparing references.
 * The maps are in the order of their keys.
 */
export interface Mesh {
  readonly services: ReadonlyMap<ObjectKey, Service>;
  readonly waypoints: ReadonlyMap<ObjectKey, Waypoint>;
  /** By name. */
  readonly nodes: ReadonlyMap<string, MeshNode>;
}

/** A name and virtual addresses in front of endpoints. */
export interface Service extends ObjectName {
  readonly addresses: Addresses;
  /** In the order of their numbers, TCP before UDP. */
  readonly ports: readonly ServicePort[];
  readonly balancing: Balancing;
  readonly locality: LocalityPolicy;
  /** Connections that each node may have open to it at a time; `null`: any number. */
  readonly maxConnections: number | null;
  /** What HTTP ports of this service go through; it is in {@link Mesh.waypoints}. `null`: none. */
  readonly waypoint: ObjectName | null;
  /** In the order of their addresses. */
  readonly endpoints: readonly Endpoint[];
  /** Routes whose parent is this service, oldest first, then by key: the Gateway API's order among equals. */
  readonly routes: readonly HttpRoute[];
}

/** IP addresses by family, in text, canonical (RFC 5952 for IPv6). */
export interface Addresses {
  readonly v4: readonly string[];
  readonly v6: readonly string[];
}

export interface ServicePort {
  /** Unique in its service; empty where the service has one port without a name. */
  readonly name: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly appProtocol: string | null;
  /** Declared to speak HTTP/1.1: by `appProtocol`, else by a name `http` or `http-...`. Only such ports go to a waypoint. */
  readonly http: boolean;
  /** Number or name at the endpoint, as written. Traffic goes by {@link Endpoint.ports}. */
  readonly targetPort: number | string;
}

/** Which endpoint of a locality group a connect gets. */
export type Balancing = 'weighted-random' | 'round-robin' | 'least-connections';

/** What two peers share: the narrower, the nearer. */
export type LocalityScope = 'node' | 'zone' | 'region';

/**
 * - `none`: all endpoints are one group, `scopes` is empty.
 * - `failover`: one group for each scope in order, nearest first, each without what an earlier one holds; then the rest.
 * - `strict`: only endpoints that share the one scope; without such a connect is refused.
 */
export interface LocalityPolicy {
  readonly mode: 'none' | 'failover' | 'strict';
  readonly scopes: readonly LocalityScope[];
}

/** An address that serves a service. */
export interface Endpoint {
  readonly address: string;
  readonly family: 'v4' | 'v6';
  /** Port by {@link ServicePort.name}; a service's port that is missing here is not served by this endpoint. */
  readonly ports: Readonly<Record<string, number>>;
  /** A draining one gets no new connection and keeps those it has. */
  readonly state: 'usable' | 'draining';
  /** Share among its group, 1 to 65,535. */
  readonly weight: number;
  /** Where it runs; `null`: not known, shared with nobody. */
  readonly node: string | null;
  readonly zone: string | null;
  readonly region: string | null;
}

/** A machine that runs an agent. */
export interface MeshNode {
  readonly name: string;
  readonly addresses: Addresses;
  /** Prefixes that its pods' addresses are of, such as `10.244.1.0/24`; none where that is not known. */
  readonly podPrefixes: readonly string[];
  readonly zone: string | null;
  readonly region: string | null;
  /** The engine that the label `undermesh.io/engine` asks for; `null`: no label. */
  readonly engine: 'off' | 'dual-engine' | 'kernel-native' | null;
}

/** How a waypoint learns where a connection wanted to go. */
export type WaypointTransport = 'syn-option' | 'proxy-v2' | 'kmesh-tlv';

/** An L7 proxy that serves one or more services. */
export interface Waypoint extends ObjectName {
  readonly addresses: Addresses;
  /** Most preferred transport first; one listener for each transport at most, one at least. */
  readonly listeners: readonly WaypointListener[];
  /** The node it runs on; `null`: not known. */
  readonly node: string | null;
  /** Routes whose parent is this waypoint, for every service behind it, oldest first, then by key. */
  readonly routes: readonly HttpRoute[];
}

export interface WaypointListener {
  readonly name: string;
  readonly port: number;
  readonly transport: WaypointTransport;
}

/** The Gateway API's HTTPRoute, resolved: https://gateway-api.sigs.k8s.io/reference/spec/#httproute */
export interface HttpRoute extends ObjectName {
  /** Exact, or `*.` and a suffix; lower case; empty: any. Counts for waypoint parents only. */
  readonly hostnames: readonly string[];
  /** Also those that are not of this mesh, such as another class's Gateway. */
  readonly parents: readonly RouteParent[];
  readonly rules: readonly HttpRule[];
  /** What each of its rules lets pass on each node, by the kernel-native engine only; `null`: everything. */
  readonly rateLimit: RateLimit | null;
  /** `metadata.creationTimestamp` in ms since 1970; 0 without one. */
  readonly createdAtMs: number;
}

/** Requests come evenly, or ahead of that by as many as `burst`. */
export interface RateLimit {
  readonly requests: number;
  /** In which so many requests may come. */
  readonly intervalMs: number;
  /** That may come at once; at least 1. */
  readonly burst: number;
}

export interface RouteParent extends ObjectName {
  readonly kind: 'service' | 'waypoint';
  /** Only this port of the service; `null`: all of them. */
  readonly port: number | null;
}

/** Requests that one of the matches takes are changed and go to a backend, or are redirected. */
export interface HttpRule {
  /** At least one: a rule without any takes every path. */
  readonly matches: readonly HttpMatch[];
  readonly requestHeaders: HeaderChanges;
  readonly responseHeaders: HeaderChanges;
  /** Answers in the backends' place. */
  readonly redirect: Redirect | null;
  readonly rewrite: Rewrite | null;
  /** Without any, or with weights that add up to 0, and no redirect: the answer is 500. */
  readonly backends: readonly WeightedBackend[];
  readonly timeouts: RouteTimeouts;
  readonly retry: Retry | null;
}

/** All conditions hold. */
export interface HttpMatch {
  readonly path: PathMatch;
  readonly method: string | null;
  /** Names in lower case, each once. */
  readonly headers: readonly ValueMatch[];
  /** Each name once. */
  readonly query: readonly ValueMatch[];
}

export interface PathMatch {
  /** `prefix` goes by whole path elements: `/a` takes `/a` and `/a/b`, not `/ab`. A `regex` takes the whole path. */
  readonly kind: 'exact' | 'prefix' | 'regex';
  readonly value: string;
}

export interface ValueMatch {
  readonly kind: 'exact' | 'regex';
  readonly name: string;
  readonly value: string;
}

export interface HeaderChanges {
  readonly set: readonly HeaderValue[];
  readonly add: readonly HeaderValue[];
  readonly remove: readonly string[];
}

export interface HeaderValue {
  readonly name: string;
  readonly value: string;
}

/** What is `null` stays as the request has it. */
export interface Redirect {
  readonly scheme: 'http' | 'https' | null;
  readonly hostname: string | null;
  readonly port: number | null;
  readonly path: PathChange | null;
  readonly status: 301 | 302 | 303 | 307 | 308;
}

export interface Rewrite {
  readonly hostname: string | null;
  readonly path: PathChange | null;
}

/** `prefix` replaces what the rule's prefix match took. */
export interface PathChange {
  readonly kind: 'full' | 'prefix';
  readonly value: string;
}

export interface WeightedBackend {
  readonly service: ObjectName;
  readonly port: number;
  /** 0 to 1,000,000; 0 gets nothing. */
  readonly weight: number;
  readonly requestHeaders: HeaderChanges;
  readonly responseHeaders: HeaderChanges;
}

/** `null`: no limit of its own. */
export interface RouteTimeouts {
  /** From the request to the end of its response. */
  readonly requestMs: number | null;
  /** Of one attempt at a backend. */
  readonly backendRequestMs: number | null;
}

export interface Retry {
  /** Tries after the first. */
  readonly attempts: number;
  /** Statuses worth another try; failing to connect always is. */
  readonly codes: readonly number[];
  readonly backoffMs: number | null;
}
