// SPDX-License-Identifier: Apache-2.0
import { steadyLoad } from './checks/prometheus.mjs';

export const title =
  'A stock Prometheus over a steady load: rate() is the load’s own rate, totals are its totals';
export const command = 'node tools/accept/step.mjs road/5-prometheus';
export const run = () =>
  steadyLoad({ name: 'undermesh-accept-steady', perSecond: 200, seconds: 80, window: 60, tolerance: 0.02 });
