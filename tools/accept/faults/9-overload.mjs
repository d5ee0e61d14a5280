// SPDX-License-Identifier: Apache-2.0
import { overload } from '../../../bench/faults/overload.mjs';

export const title =
  'Ten times the load that the agent is set up for, for a minute: what does not fit is counted';
export const command = 'node tools/accept/step.mjs faults/9-overload';
export const run = () => overload({ name: 'undermesh-accept-overload', seconds: 60, most: 3 });
