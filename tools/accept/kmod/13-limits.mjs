// SPDX-License-Identifier: Apache-2.0
import { onEveryKernel } from '../../native/step.mjs';

export const title =
  'Limits hold over 10,000 requests: requests per second of a route, connections of a service';
export const command = 'node tools/accept/step.mjs kmod/13-limits';
export const { kernels, cases, run } = onEveryKernel('limits');
