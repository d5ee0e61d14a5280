// SPDX-License-Identifier: Apache-2.0
import { onEveryKernel } from '../../native/step.mjs';

export const title =
  'Hits of each route and its backends, and what is not routed, are told as clients made them';
export const command = 'node tools/accept/step.mjs kmod/16-told';
export const { kernels, cases, run } = onEveryKernel('hits', 'fallbacks');
