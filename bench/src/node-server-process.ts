// SPDX-License-Identifier: Apache-2.0
// node node-server-process.js ADDRESS PORT: answers every request with 1 KiB of JSON.
import { createServer } from 'node:http';
import { argv } from 'node:process';

const [address, port] = argv.slice(2);
const answer = { items: Array.from({ length: 16 }, (_, id) => ({ id, name: 'x'.repeat(44) })) };

createServer({ keepAliveTimeout: 3_600_000 }, (_, response) => {
  const body = JSON.stringify(answer);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
}).listen(Number(port), address);
