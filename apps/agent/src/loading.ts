// SPDX-License-Identifier: Apache-2.0
import type { Report } from '@undermesh/schema';
import type { AgentConfig } from './config/schema.js';
import { steers, waypointCgroups } from './engine/make.js';
import {
  checkEnrolment,
  EngineStore,
  findObjects,
  InstanceLock,
  kernelFeatures,
  type ObjectFiles,
  Observe,
  preflight,
  resolveScope,
  type Scope,
} from './kernel/index.js';

/** What is in the kernel, and whose it is. */
export interface Loaded {
  readonly observe: Observe;
  /** The pins of its engine, if there is to be one. */
  readonly store: EngineStore | undefined;
  readonly scope: Scope;
  readonly lock: InstanceLock;
  readonly objects: ObjectFiles;
}

/** Checks, locks, loads: everything, or an UndermeshError and nothing. */
export function loadKernel(config: AgentConfig): Loaded {
  preflight();
  const scope = resolveScope(config.cgroup);
  const objects = findObjects(config.objectFile);
  const instance = config.instance || config.node;
  checkEnrolment(scope, [...config.mesh.enrol, ...waypointCgroups(config)]);
  const lock = new InstanceLock(config.runDirectory, instance);
  try {
    const { pinDirectory } = config;
    if (!steers(config)) EngineStore.remove(pinDirectory, instance);
    const store = steers(config) ? new EngineStore(pinDirectory, instance) : undefined;
    using steerings = store?.openMap('steerings');
    using choices = store?.openMap('choices');
    const observe = new Observe({
      objectFile: objects.observe,
      scope,
      ringBytes: config.ringBytes,
      progressIntervalMs: config.progressInterval,
      programStatistics: config.programStatistics,
      pinDirectory,
      instance,
      noted: [steerings, choices].filter((map) => map !== undefined),
      steers: steers(config),
      outlive: config.spool.bytes > 0,
      ...(config.http ? { httpObjectFile: objects.http } : {}),
    });
    return { observe, store, scope, lock, objects };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** What this kernel can do, or why not, as reports tell it. */
export function readFeatures(): Report['kernel']['features'] {
  const features: Report['kernel']['features'] = {};
  for (const [name, { available, reason }] of Object.entries(kernelFeatures())) {
    features[name] = available || reason;
  }
  return features;
}
