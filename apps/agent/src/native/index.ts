// SPDX-License-Identifier: Apache-2.0
export { NativeReporter, type NativeSnapshot, type RouteTotals } from './reporter.js';
