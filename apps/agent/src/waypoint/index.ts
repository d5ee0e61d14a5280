// SPDX-License-Identifier: Apache-2.0
export { removeWaypoints } from './haproxy.js';
export type { LineSink } from './log-pipe.js';
export type { Place, RequestLine } from './request-log.js';
export { WaypointRunner, type WaypointRunnerOptions, type WaypointState } from './runner.js';
