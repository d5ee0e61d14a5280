// SPDX-License-Identifier: Apache-2.0
import { startAndStop } from './checks/start-stop.mjs';

// Last, because it needs the machine for itself: it waits until no other demo runs.
export const title =
  'npm start in a fresh clone reaches the dashboard unattended; SIGINT and kill -9 leave nothing behind; it starts again';
export const command = 'node tools/accept/step.mjs road/8-start-stop';
export const run = () => startAndStop();
