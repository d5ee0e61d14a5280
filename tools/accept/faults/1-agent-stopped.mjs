// SPDX-License-Identifier: Apache-2.0
import { agentStopped } from '../../../bench/faults/agent-stopped.mjs';

export const title =
  'The agent stopped and started while the collector is away: all that it held is on disk, and the next run sends it';
export const command = 'node tools/accept/step.mjs faults/1-agent-stopped';
export const run = () =>
  agentStopped({ name: 'undermesh-accept-agent-stopped', times: 5, connections: 2000 });
