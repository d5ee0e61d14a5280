// SPDX-License-Identifier: Apache-2.0
// node node-client-process.js URL CONNECTIONS: asks over kept connections of Node's http.Agent, one request at a time on each, for as many ms as each message of its parent says; answers with how many requests were answered, or with an error.
import { Agent, get } from 'node:http';
import { argv } from 'node:process';

const [url = '', connections = '1'] = argv.slice(2);

function ask(agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`the answer was ${response.statusCode}`));
      response.resume().once('end', resolve).once('error', reject);
    });
    request.once('error', reject);
  });
}

async function run(forMs: number): Promise<number> {
  const agent = new Agent({ keepAlive: true });
  const end = performance.now() + forMs;
  let requests = 0;
  const askOnOne = async (): Promise<void> => {
    while (performance.now() < end) {
      await ask(agent);
      requests++;
    }
  };
  try {
    await Promise.all(Array.from({ length: Number(connections) }, askOnOne));
  } finally {
    agent.destroy();
  }
  return requests;
}

process.on('message', (forMs: number) => {
  run(forMs).then(
    (requests) => process.send?.(requests),
    (error: unknown) => process.send?.(String(error)),
  );
});
process.once('disconnect', () => process.exit());
