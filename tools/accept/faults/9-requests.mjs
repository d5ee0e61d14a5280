// SPDX-License-Identifier: Apache-2.0
import { requestsCounted } from '../../../bench/faults/requests-counted.mjs';

export const title =
  'Requests of HTTP through 25 kills of the agent and 25 of the collector: as many as were made are stored or counted as lost';
export const command = 'node tools/accept/step.mjs faults/9-requests';
export const run = () =>
  requestsCounted({ name: 'undermesh-accept-requests', times: 25, requests: 2000, perSecond: 200 });
