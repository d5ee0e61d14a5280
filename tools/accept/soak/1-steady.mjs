// SPDX-License-Identifier: Apache-2.0
import { steady } from './checks/steady.mjs';

export const title =
  'Fifteen minutes of a steady load, a dashboard open: the memory of agent and collector stays flat, the books are exact';
export const command = 'node tools/accept/step.mjs soak/1-steady';
export const run = () =>
  steady({
    name: 'undermesh-accept-soak',
    seconds: 900,
    judgedSeconds: 600,
    perSecond: 400,
    requestsPerSecond: 200,
    mostMibPerMinute: { agent: 0.25, collector: 1 },
  });
