// SPDX-License-Identifier: Apache-2.0
export {
  BpfError,
  cgroupId,
  clockPairNs,
  isBpffs,
  kernelFeatures,
  libbpfVersion,
  setPipeSize,
} from '@undermesh/libbpf-ts';
export { type ProgramsBeside, programsBeside } from './beside.js';
export { Engine, type EngineOptions } from './engine.js';
export { EngineStore } from './engine-store.js';
export { checkEnrolment, findEnrolled } from './enrolment.js';
export { InstanceLock } from './instance-lock.js';
export { listPins, type Pin, tryObjects } from './inventory.js';
export { KeptMaps } from './kept-maps.js';
export { KnownObjects } from './known-objects.js';
export {
  hasStructOps,
  MODULE_INTERFACE,
  moduleProblem,
  type NativeModuleState,
  readModule,
  readModuleCounters,
} from './native-module.js';
export { findObjects, type ObjectFiles } from './objects.js';
export { Observe, type ObserveOptions, ownerOf } from './observe.js';
export { OwnerMap } from './owner-map.js';
export { checkTree, countPins, instanceDirectory } from './pin-tree.js';
export { PodCgroups, type PodPlaces } from './pod-cgroups.js';
export {
  checkBtf,
  checkCapabilities,
  checkKernel,
  preflight,
} from './preflight.js';
export { type RouteHits, readRouteHits } from './route-hits.js';
export { removeEmptyCgroup, resolveScope, type Scope } from './scope.js';
