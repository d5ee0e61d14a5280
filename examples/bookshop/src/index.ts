// SPDX-License-Identifier: Apache-2.0
export type { CallCounts, Counts } from './counts.js';
export type { Assignment, Endpoint, Place, Workload } from './plan.js';
export { assignment, calls, demoPlace, loopbackPlace, nodes, outside, retired, workloads } from './plan.js';
export type { VirtualService } from './virtual.js';
export {
  callsVirtually,
  manifests,
  translationRules,
  virtualPlace,
  virtualRanges,
  virtualServices,
} from './virtual.js';
export type { Waypoint } from './waypoint.js';
export { waypoint } from './waypoint.js';
