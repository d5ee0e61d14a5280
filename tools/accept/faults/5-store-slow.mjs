// SPDX-License-Identifier: Apache-2.0
import { storeSlow } from '../../../bench/faults/store-slow.mjs';

export const title = 'The store stands still for ten seconds: agents wait, applications do not';
export const command = 'node tools/accept/step.mjs faults/5-store-slow';
export const run = () =>
  storeSlow({ name: 'undermesh-accept-store-slow', seconds: 10, perSecond: 500, most: 3 });
