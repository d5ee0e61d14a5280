// SPDX-License-Identifier: Apache-2.0
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger } from '@undermesh/core';
import type { KubernetesSource, MeshSource } from '@undermesh/mesh';
import type { NodeLabel } from '@undermesh/schema';
import type { AgentConfig } from '../config/schema.js';
import type { MeshSnapshot } from '../http/mesh-metrics.js';
import {
  cgroupId,
  Engine,
  type EngineStore,
  KnownObjects,
  type ObjectFiles,
  type Observe,
  ownerOf,
  readModuleCounters,
  readRouteHits,
  type Scope,
} from '../kernel/index.js';
import { IdBook, type ServiceNames } from '../mesh/index.js';
import { NativeReporter } from '../native/index.js';
import { type LineSink, removeWaypoints, WaypointRunner } from '../waypoint/index.js';
import { absentEngine } from './absent.js';
import type { EngineControl } from './control.js';
import { knownObjectsFile, orderFile, readKeptOrder } from './kept-order.js';
import { nodeLabelOf } from './node-label.js';
import { ClusterPodPlaces } from './pod-places.js';
import { sourceOf } from './source.js';
import { Steering } from './steering.js';

export { makeCluster, steers } from './source.js';

/** What steers on this node; without `engine` and `steering`, `control` says why nothing does. */
export interface Steered {
  readonly control: EngineControl;
  readonly engine?: Engine;
  readonly steering?: Steering;
  /** What takes in the mesh from the start to the end of the agent: {@link steering}, or what does without an engine. */
  readonly follower?: Pick<MeshSource, 'start' | 'stop'>;
  /** What the mesh says of this node. */
  readonly nodeLabel?: () => NodeLabel;
  /** Of this node. */
  readonly waypoints?: WaypointRunner;
  /** Tells of the kernel-native engine. */
  readonly native?: NativeReporter;
  /** Where the mesh and this node's pods are from, if it is from a cluster. */
  readonly cluster?: KubernetesSource | undefined;
}

/** What is steered, for a scrape. */
export function meshSnapshot({
  engine,
  steering,
  waypoints,
  cluster,
  native,
}: Steered): MeshSnapshot | undefined {
  if (engine === undefined || steering === undefined) return undefined;
  const { counts } = steering;
  return {
    counts,
    totals: engine.totals(),
    readback: engine.readback(),
    waypoints: waypoints?.states ?? [],
    pods: cluster?.pods.counts(),
    native: native && (() => native.snapshot()),
  };
}

/**
 * Takes up the engine, or loads it. Throws UndermeshError `pins_foreign` or `object_mismatch`; what the kernel does not
 * take is told by {@link Steered.control}.
 */
export function makeSteered(
  config: AgentConfig,
  kernel: {
    readonly store: EngineStore | undefined;
    readonly observe: Observe;
    readonly objects: ObjectFiles;
    readonly scope: Scope;
    readonly names: ServiceNames;
    readonly cluster: KubernetesSource | undefined;
    /** Who hears of each request through a waypoint; `null`: nobody. */
    readonly requests: LineSink | null;
    /** Called when this node has become able to run kernel-native. */
    readonly onNativeAvailable: () => void;
  },
): Steered {
  const { store, observe, objects, scope, names, cluster, requests, onNativeAvailable } = kernel;
  if (store === undefined) {
    const start = (): Promise<void> => removeWaypoints(waypointDirectory(config));
    return {
      control: absentEngine('neither agent.mesh.manifests nor agent.mesh.kubernetes is set'),
      follower: { start, stop: async () => {} },
    };
  }
  const { mesh } = config;
  const source = sourceOf(config, cluster);
  const waypoints = makeWaypoints(config, { source, mount: scope.mount, requests });
  const nodeLabel = (): NodeLabel => nodeLabelOf(source.state, mesh.locality.node || config.node);
  let book: IdBook | undefined;
  const engine = Engine.open(store, {
    objectFile: objects.engine,
    extraFiles: objects.extras,
    scope,
    sizes: mesh.limits,
    owner: ownerOf(config.instance || config.node),
    marksOwnership: !scope.wholeHost,
    shared: observe.shared,
    known: new KnownObjects(knownObjectsFile(config)),
    enrol: mesh.enrol,
    waypoints: waypointCgroups(config),
    onEndpointGone: (id) => book?.release(id),
    isNativeOrdered: () =>
      (readKeptOrder(orderFile(config), () => {})?.engine ?? config.engine.default) === 'kernel-native',
    onNativeAvailable,
    ...(cluster === undefined
      ? {}
      : { pods: new ClusterPodPlaces(cluster, scope, createLogger('enrolment')) }),
  });
  if (typeof engine === 'string')
    return { control: absentEngine(engine), follower: source, nodeLabel, waypoints, cluster };
  cluster?.pods.subscribe(() => engine.enrolAgain());
  book = new IdBook(engine.maps.written);
  names.restore(engine.maps.written);
  const { node, zone, region } = mesh.locality;
  const steering = new Steering({
    engine,
    book,
    names,
    source,
    node: node || config.node,
    zone: zone || null,
    region: region || null,
    trusted: waypointCgroups(config).length > 0 || cluster !== undefined ? mesh.waypoints.trusted : null,
    log: createLogger('engine'),
  });
  const native = makeNativeReporter(engine, steering);
  return { control: engine, engine, steering, follower: steering, nodeLabel, waypoints, native, cluster };
}

function makeNativeReporter(engine: Engine, steering: Steering): NativeReporter {
  return new NativeReporter({
    module: () => {
      const { loaded, version } = engine.native.module;
      const { available } = engine.native;
      return { loaded, version, problem: available === true ? null : available };
    },
    counters: readModuleCounters,
    totals: () => engine.totals(),
    hits: () => readRouteHits(engine.map('route_hits')),
    mesh: () => steering.mesh,
    notExpressible: () => steering.notExpressible,
  });
}

/** Cgroups whose listeners are waypoints': those of others, and the one of those that this agent runs. */
export function waypointCgroups({ mesh }: AgentConfig): string[] {
  const { cgroups, cgroup } = mesh.waypoints;
  return cgroup === '' ? cgroups : [...cgroups, cgroup];
}

/** The id of the cgroup that this agent's waypoints run in, made if need be; `null` where they do not tell of requests. */
export function ownWaypointCgroup({ mesh }: AgentConfig, { mount }: Scope): number | null {
  const { run, cgroup, joinRequests } = mesh.waypoints;
  if (
    (mesh.manifests === '' && !mesh.kubernetes.enabled) ||
    run.length === 0 ||
    cgroup === '' ||
    !joinRequests
  )
    return null;
  const path = join(mount, cgroup);
  mkdirSync(path, { recursive: true });
  return Number(cgroupId(path));
}

/** Where the waypoints of this agent have their files. */
export const waypointDirectory = ({ runDirectory, instance, node }: AgentConfig): string =>
  join(runDirectory, 'waypoints', instance || node);

/** Runs waypoints as the source says. */
function makeWaypoints(
  config: AgentConfig,
  {
    source,
    mount,
    requests,
  }: { readonly source: MeshSource; readonly mount: string; readonly requests: LineSink | null },
): WaypointRunner {
  const { locality, waypoints } = config.mesh;
  const runner = new WaypointRunner({
    node: locality.node || config.node,
    zone: locality.zone || null,
    region: locality.region || null,
    gateways: waypoints.run,
    directory: waypointDirectory(config),
    program: waypoints.program,
    cgroup: waypoints.cgroup === '' ? null : join(mount, waypoints.cgroup),
    networkNamespace: waypoints.networkNamespace || null,
    requests,
    log: createLogger('waypoint'),
  });
  source.subscribe(({ mesh }) => {
    if (mesh !== null) void runner.apply(mesh);
  });
  return runner;
}
