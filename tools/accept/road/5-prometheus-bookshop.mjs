// SPDX-License-Identifier: Apache-2.0
import { bookshopEdges } from './checks/prometheus.mjs';

export const title =
  'A stock Prometheus over the bookshop: its edges, with the figures that the shop’s processes counted';
export const command = 'node tools/accept/step.mjs road/5-prometheus-bookshop';
export const run = () => bookshopEdges({ name: 'undermesh-accept-bookshop', rate: 60, seconds: 90 });
