// SPDX-License-Identifier: Apache-2.0
// A client of Node.js that knows nothing of meshes: node node-requests.mjs fetch|agent REQUESTS
import { Agent, request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

const ways = {
  fetch: async ({ method, url, headers }) => {
    const response = await fetch(url, { method, headers, body: bodyOf(method) });
    return { status: response.status, body: await response.text() };
  },
  agent: ({ method, url, headers }) =>
    new Promise((resolve, reject) => {
      const outgoing = httpRequest(url, { method, headers, agent }, async (response) => {
        resolve({ status: response.statusCode, body: await text(response) });
      });
      outgoing.once('error', reject);
      outgoing.end(bodyOf(method));
    }),
};

const bodyOf = (method) => (method === 'POST' ? 'anything' : undefined);

const [way, requests] = process.argv.slice(2);
for (const request of JSON.parse(requests)) {
  const told = await ways[way](request).catch((error) => ({
    error: `${error.cause?.code ?? error.code} ${error}`,
  }));
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
agent.destroy();
