// SPDX-License-Identifier: Apache-2.0
import { sessions } from './checks/sessions.mjs';

export const title =
  'Two million hostile frames handed to the collector’s sessions in its process: it stays up, memory stays flat, a neighbour’s books are exact';
export const command = 'node tools/accept/step.mjs ingest/2-sessions';
export const run = () => sessions({ frames: 2_000_000, seed: 20_261_122, mostMib: 48 });
