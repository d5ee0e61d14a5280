// SPDX-License-Identifier: Apache-2.0
import { onEveryKernel } from '../../native/step.mjs';

export const title = '1,000 requests alternate between backends on one connection that its client keeps';
export const command = 'node tools/accept/step.mjs kmod/12-alternating';
export const { kernels, cases, run } = onEveryKernel('alternating');
