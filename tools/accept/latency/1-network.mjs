// SPDX-License-Identifier: Apache-2.0
import { timeSplit } from './checks/time-split.mjs';

export const title = '50 ms on the link: network';
export const command = 'node tools/accept/step.mjs latency/1-network';
export const run = () =>
  timeSplit({ name: 'undermesh-accept-1-network', seconds: 30, linkMs: 50, serviceMs: 0 });
