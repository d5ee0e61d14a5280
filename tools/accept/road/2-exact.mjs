// SPDX-License-Identifier: Apache-2.0
import { exactness } from './checks/exactness.mjs';

export const title =
  '100,000 short connections between two nodes: as many records at both ends as were made, to the byte, all joined';
export const command = 'node tools/accept/step.mjs road/2-exact';
export const run = () => exactness({ name: 'undermesh-accept-exact', connections: 100_000 });
