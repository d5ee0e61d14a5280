// SPDX-License-Identifier: Apache-2.0
// node node-client-process.js URL CONNECTIONS: asks over kept connections of Node's http.Agent, one request at a time on each, for as many ms as each message of its parent says; answers with how many requests were answered, or with an error.
import { Agent } from 'node:http';
import { argv } from 'node:process';
import { askFor } from './node-ask.js';

const [url = '', connections = '1'] = argv.slice(2);

async function run(forMs: number): Promise<number> {
  const agent = new Agent({ keepAlive: true });
  try {
    return await askFor(forMs, url, agent, Number(connections));
  } finally {
    agent.destroy();
  }
}

process.on('message', (forMs: number) => {
  run(forMs).then(
    (requests) => process.send?.(requests),
    (error: unknown) => process.send?.(String(error)),
  );
});
process.once('disconnect', () => process.exit());
