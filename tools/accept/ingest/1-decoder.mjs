// SPDX-License-Identifier: Apache-2.0
import { decoder } from './checks/decoder.mjs';

export const title =
  'Eight million damaged frames to the frame decoder: a frame that keeps its promises, or one of its errors';
export const command = 'node tools/accept/step.mjs ingest/1-decoder';
export const run = async () => decoder({ frames: 8_000_000, seed: 20_261_121, mostMib: 32 });
