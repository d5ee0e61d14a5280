// SPDX-License-Identifier: Apache-2.0
// A program that opens connections and keeps them, told so line by line on its standard input:
//   open HOST PORT    answers {"at": ...} when connect() has succeeded, Unix ms
//   close N           closes the N oldest ones, answers {"at": ...} when they are closed
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const open = [];
const answer = () =>
  process.stdout.write(`${JSON.stringify({ at: performance.timeOrigin + performance.now() })}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const [verb, first, port] = line.split(' ');
  if (verb === 'open') {
    const socket = connect({ host: first, port: Number(port) });
    await once(socket, 'connect');
    answer();
    open.push(socket);
  } else {
    for (const socket of open.splice(0, Number(first))) {
      socket.end();
      await once(socket.resume(), 'close');
    }
    answer();
  }
}
