// SPDX-License-Identifier: Apache-2.0
import { onEveryKernel } from '../../native/step.mjs';

export const title = 'The engine switched to others and back while requests are routed: nothing fails';
export const command = 'node tools/accept/step.mjs kmod/14-switched';
export const { kernels, cases, run } = onEveryKernel('switched');
