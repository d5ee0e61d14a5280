// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '@undermesh/core';
import type { Finding } from '@undermesh/schema';
import type { AgentConfig } from '../config/schema.js';
import { InstanceLock } from '../kernel/index.js';
import { found, well } from './finding.js';

const PATIENCE_MS = 3_000;

/** Whether the agent of this node runs, and does its work. */
export async function agentFindings({
  listen,
  instance,
  node,
  runDirectory,
}: AgentConfig): Promise<Finding[]> {
  const pid = InstanceLock.holderOf(runDirectory, instance || node);
  if (pid === undefined) {
    return [
      found('agent', 'warning', `no agent runs as ${instance || node}`, 'Start it: undermesh-agent run.'),
    ];
  }
  const running = well('agent', `the agent runs as process ${pid}`);
  if (listen.port === 0) return [running];
  return [running, await readiness(`http://${listen.host}:${listen.port}/readyz`)];
}

async function readiness(url: string): Promise<Finding> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.ok) return well('agent.ready', 'it observes, and reaches the collector');
    const { reasons = [] } = (await answer.json()) as { reasons?: string[] };
    const mend = 'See below for what is wrong, and its log.';
    return found('agent.ready', 'wrong', `it is not ready: ${reasons.join('; ')}`, mend);
  } catch (error) {
    const what = `it does not answer on ${url} (${messageOf(error)})`;
    return found(
      'agent.ready',
      'wrong',
      what,
      'Is agent.listen what the running agent has? Its log says more.',
    );
  }
}
