// SPDX-License-Identifier: Apache-2.0
import { sockets } from './checks/sockets.mjs';

export const title =
  'Half a million more over real WebSockets to a collector with its store on disk, and every rudeness towards WebSocket itself: likewise';
export const command = 'node tools/accept/step.mjs ingest/3-sockets';
export const run = () =>
  sockets({ name: 'undermesh-accept-ingest', frames: 500_000, rounds: 20, seed: 20_261_123, mostMib: 64 });
