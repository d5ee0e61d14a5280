// SPDX-License-Identifier: Apache-2.0
import { linkDown } from '../../../bench/faults/link-down.mjs';

export const title =
  'The link between agent and collector down, short and long: nothing is lost, nothing is there twice';
export const command = 'node tools/accept/step.mjs faults/6-link-down';
export const run = () =>
  linkDown({ name: 'undermesh-accept-link-down', times: 3, seconds: 40, perSecond: 500, most: 3 });
