// SPDX-License-Identifier: Apache-2.0
import { collectorAway } from '../../../bench/faults/collector-away.mjs';

export const title = 'The collector away for five minutes: frames wait on the agent’s disk, and all arrive';
export const command = 'node tools/accept/step.mjs faults/3-collector-away';
export const run = () =>
  collectorAway({ name: 'undermesh-accept-collector-away', seconds: 300, perSecond: 500, most: 3 });
