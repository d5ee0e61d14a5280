// SPDX-License-Identifier: Apache-2.0
import { hostile } from './checks/hostile.mjs';

export const title =
  'Hostile input to /ingest/v1 and the API ends its own connection with a clear error; everything else goes on';
export const command = 'node tools/accept/step.mjs road/7-hostile';
export const run = () =>
  hostile({ name: 'undermesh-accept-hostile', randomFrames: 10_000, perSecond: 200, mostGrowthMib: 256 });
