// SPDX-License-Identifier: Apache-2.0
import { collectorKilled } from '../../../bench/faults/collector-killed.mjs';

export const title =
  'The collector killed 100 times in mid-write, with the power of its disk: nothing is lost, nothing is there twice';
export const command = 'node tools/accept/step.mjs faults/2-collector-killed';
export const run = () =>
  collectorKilled({ name: 'undermesh-accept-collector-killed', times: 100, perSecond: 500, most: 3 });
