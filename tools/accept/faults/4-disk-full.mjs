// SPDX-License-Identifier: Apache-2.0
import { diskFull } from '../../../bench/faults/disk-full.mjs';

export const title =
  'Disks full and freed, the collector’s and then the agent’s too: what exceeds them is counted, both recover';
export const command = 'node tools/accept/step.mjs faults/4-disk-full';
export const run = () =>
  diskFull({ name: 'undermesh-accept-disk-full', seconds: 20, perSecond: 500, most: 3 });
