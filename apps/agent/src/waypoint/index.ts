// SPDX-License-Identifier: Apache-2.0
export { removeWaypoints } from './haproxy.js';
export { WaypointRunner, type WaypointRunnerOptions, type WaypointState } from './runner.js';
