// SPDX-License-Identifier: Apache-2.0

export { type ClusterAccess, openAccess } from './cluster/access.js';
export { ClusterConnection } from './cluster/connection.js';
export { DaemonSetWatch, type Presence } from './cluster/daemon-set.js';
export { POD_STANDINGS, type PodStanding } from './cluster/enrolment.js';
export { KubernetesSource, type KubernetesSourceOptions } from './cluster/kubernetes-source.js';
export type { Owner } from './cluster/owner.js';
export type { Pod } from './cluster/pod.js';
export { type FollowedPod, PodBook } from './cluster/pod-book.js';
export type { ReflectorCounts } from './cluster/reflector.js';
export type { ClusterKind } from './cluster/resources.js';
export * from './http-precedence.js';
export { ManifestSource, type ManifestSourceOptions } from './manifests/manifest-source.js';
export * from './model.js';
export * from './problem.js';
export * from './source.js';
