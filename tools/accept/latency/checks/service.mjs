// SPDX-License-Identifier: Apache-2.0
// A service that takes its time: node service.mjs ADDRESS PORT SLEEP_MS
import { createServer } from 'node:http';

const [address, port, sleepMs] = process.argv.slice(2);
const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  request.resume();
  setTimeout(() => response.end('served\n'), Number(sleepMs));
});
server.listen(Number(port), address, () => process.stdout.write('ready\n'));
