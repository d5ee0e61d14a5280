// SPDX-License-Identifier: Apache-2.0
import { clockStepped } from '../../../bench/faults/clock-stepped.mjs';

export const title = 'The clock stepped by an hour, forth and back: nothing is lost, and the skew is shown';
export const command = 'node tools/accept/step.mjs faults/7-clock-stepped';
export const run = () =>
  clockStepped({ name: 'undermesh-accept-clock-stepped', seconds: 20, perSecond: 500, most: 3 });
