// SPDX-License-Identifier: Apache-2.0
import { collectorGone } from './checks/breaks.mjs';
import { fullLoad } from './checks/load.mjs';

export const title = 'The collector gone five times while traffic runs: nobody notices';
export const command = 'node tools/accept/step.mjs nothing-breaks/4-collector-gone';
export const run = () =>
  collectorGone({ name: 'undermesh-accept-gone', times: 5, seconds: 10, load: fullLoad, stallMs: 200 });
