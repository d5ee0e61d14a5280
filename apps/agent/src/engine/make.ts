// SPDX-License-Identifier: Apache-2.0
import { createLogger } from '@undermesh/core';
import { ManifestSource } from '@undermesh/mesh';
import type { AgentConfig } from '../config/schema.js';
import type { MeshSnapshot } from '../http/mesh-metrics.js';
import {
  Engine,
  type EngineStore,
  engineObject,
  type Observe,
  ownerOf,
  type Scope,
  waypointObject,
} from '../kernel/index.js';
import { IdBook } from '../mesh/index.js';
import { absentEngine } from './absent.js';
import type { EngineControl } from './control.js';
import { Steering } from './steering.js';

/** What steers on this node; without `engine` and `steering`, `control` says why nothing does. */
export interface Steered {
  readonly control: EngineControl;
  readonly engine?: Engine;
  readonly steering?: Steering;
}

/** What is steered, for a scrape. */
export function meshSnapshot({ engine, steering }: Steered): MeshSnapshot | undefined {
  if (engine === undefined || steering === undefined) return undefined;
  return { counts: steering.counts, totals: engine.totals(), readback: engine.readback() };
}

/** Whether anything is to be steered. */
export const steers = ({ mesh }: AgentConfig): boolean => mesh.manifests !== '';

/**
 * Takes up the engine, or loads it. Throws UndermeshError `pins_foreign` or `object_mismatch`; what the kernel does not
 * take is told by {@link Steered.control}.
 */
export function makeSteered(
  config: AgentConfig,
  kernel: { readonly store: EngineStore | undefined; readonly observe: Observe; readonly scope: Scope },
): Steered {
  const { store, observe, scope } = kernel;
  if (store === undefined) return { control: absentEngine('agent.mesh.manifests is not set') };
  const { mesh } = config;
  let book: IdBook | undefined;
  const engine = Engine.open(store, {
    objectFile: engineObject(config.objectFile),
    waypointFile: waypointObject(config.objectFile),
    scope,
    sizes: mesh.limits,
    owner: ownerOf(config.instance || config.node),
    marksOwnership: !scope.wholeHost,
    shared: observe.shared,
    enrol: mesh.enrol,
    waypoints: mesh.waypoints.cgroups,
    onEndpointGone: (id) => book?.release(id),
  });
  if (typeof engine === 'string') return { control: absentEngine(engine) };
  book = new IdBook(engine.maps.written);
  const { node, zone, region } = mesh.locality;
  const steering = new Steering({
    engine,
    book,
    source: new ManifestSource({ directory: mesh.manifests, log: createLogger('mesh') }),
    node: node || config.node,
    zone: zone || null,
    region: region || null,
    shortcut: mesh.shortcut,
    trusted: mesh.waypoints.cgroups.length > 0 ? mesh.waypoints.trusted : null,
    log: createLogger('engine'),
  });
  return { control: engine, engine, steering };
}
