// SPDX-License-Identifier: Apache-2.0
// A process that is an agent from time to time: "start" and "stop" come over IPC, so that a slice without an agent and
// one with it differ in nothing else, the warm compiler included.
import { type Agent, createAgent, loadAgentConfig } from '@undermesh/agent';

const [file = ''] = process.argv.slice(2);
let agent: Agent | undefined;

async function obey(order: unknown): Promise<void> {
  if (order === 'start') {
    agent = createAgent(loadAgentConfig({ file }));
    await agent.start();
    while (!agent.readiness().ready) await new Promise((resolve) => setTimeout(resolve, 10));
  } else {
    await agent?.stop();
    agent = undefined;
  }
}

let last = Promise.resolve();
process.on('message', (order) => {
  last = last.then(async () => {
    try {
      await obey(order);
      process.send?.('done');
    } catch (error) {
      process.send?.(`failed: ${error instanceof Error ? error.message : error}`);
    }
  });
});
process.on('disconnect', () => void last.then(() => obey('stop')).finally(() => process.exit()));
