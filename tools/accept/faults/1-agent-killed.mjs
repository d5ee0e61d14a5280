// SPDX-License-Identifier: Apache-2.0
import { agentKilled } from '../../../bench/faults/agent-killed.mjs';

export const title = 'The agent killed 100 times: what it held unwritten is counted, the rest is stored';
export const command = 'node tools/accept/step.mjs faults/1-agent-killed';
export const run = () =>
  agentKilled({ name: 'undermesh-accept-agent-killed', times: 100, connections: 1000 });
