// SPDX-License-Identifier: Apache-2.0
export { WaypointRunner, type WaypointRunnerOptions, type WaypointState } from './runner.js';
