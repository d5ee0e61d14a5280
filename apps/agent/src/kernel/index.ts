// SPDX-License-Identifier: Apache-2.0
export { cgroupId, clockPairNs, kernelFeatures, setPipeSize } from '@undermesh/libbpf-ts';
export { Engine, type EngineOptions } from './engine.js';
export { EngineStore } from './engine-store.js';
export { checkEnrolment } from './enrolment.js';
export { InstanceLock } from './instance-lock.js';
export { KeptMaps } from './kept-maps.js';
export { Observe, type ObserveOptions, ownerOf } from './observe.js';
export { OwnerMap } from './owner-map.js';
export { PodCgroups, type PodPlaces } from './pod-cgroups.js';
export { engineObject, extraObjects, httpObject, observeObject, preflight } from './preflight.js';
export { resolveScope, type Scope } from './scope.js';
