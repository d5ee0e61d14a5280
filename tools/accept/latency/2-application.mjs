// SPDX-License-Identifier: Apache-2.0
import { timeSplit } from './checks/time-split.mjs';

export const title = '50 ms in the service: application';
export const command = 'node tools/accept/step.mjs latency/2-application';
export const run = () =>
  timeSplit({ name: 'undermesh-accept-2-application', seconds: 30, linkMs: 0, serviceMs: 50 });
