// SPDX-License-Identifier: Apache-2.0
// node node-server-process.js ADDRESS PORT CGROUP [PORT CGROUP ...]: answers every request with 1 KiB of JSON. A socket belongs to the cgroup that its process was in when it was made, and what a listener accepts to the listener's.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { argv } from 'node:process';
import { enterCgroup } from './enter-cgroup.js';

const [address, ...ways] = argv.slice(2);
const answer = { items: Array.from({ length: 16 }, (_, id) => ({ id, name: 'x'.repeat(44) })) };

for (let i = 0; i < ways.length; i += 2) {
  enterCgroup(ways[i + 1]);
  const server = createServer({ keepAliveTimeout: 3_600_000 }, (_, response) => {
    const body = JSON.stringify(answer);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
  });
  await once(server.listen(Number(ways[i]), address), 'listening');
}
