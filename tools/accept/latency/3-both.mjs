// SPDX-License-Identifier: Apache-2.0
import { timeSplit } from './checks/time-split.mjs';

export const title = '50 ms on the link and 50 ms in the service: both, apart';
export const command = 'node tools/accept/step.mjs latency/3-both';
export const run = () =>
  timeSplit({ name: 'undermesh-accept-3-both', seconds: 30, linkMs: 50, serviceMs: 50 });
