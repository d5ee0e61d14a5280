// SPDX-License-Identifier: Apache-2.0
import { onEveryKernel } from '../../native/step.mjs';

export const title = 'The agent killed, restarted and upgraded, the collector gone: nothing fails';
export const command = 'node tools/accept/step.mjs kmod/15-nothing-breaks';
export const { kernels, cases, run } = onEveryKernel('restarted', 'upgraded', 'collector-gone');
