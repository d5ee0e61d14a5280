// SPDX-License-Identifier: Apache-2.0
import { queriesOverDemo } from './checks/queries.mjs';

export const title =
  'Every query of every Grafana panel and recording rule returns data on a Prometheus that scrapes the demo';
export const command = 'node tools/accept/step.mjs grafana/1-queries';
export const run = () => queriesOverDemo({ port: 7570, seconds: 90 });
