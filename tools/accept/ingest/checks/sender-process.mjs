// SPDX-License-Identifier: Apache-2.0
// Hostile agents over real WebSockets, eight connections at a time: node sender-process.mjs '{"url":...,"frames":N,"seed":N,"agents":[{"node":...,"credential":...}]}'
// Says what came of it.
import { decodeFrame, FRAME_TYPES } from '@undermesh/schema';
import { WebSocket } from 'ws';
import { FrameFuzzer } from './frames.mjs';

const { url, frames, seed, agents } = JSON.parse(process.argv[2]);
const outcome = { sent: 0, behind: 0, connections: 0, untold: 0, told: {}, sorts: {} };

/** Sends the messages of one connection. Resolves once it is over, with the code that it was told. */
function connection(credential, messages) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, {
      headers: { authorization: `Bearer ${credential}` },
      perMessageDeflate: false,
    });
    let told;
    socket.on('open', () => {
      for (const message of messages) socket.send(message);
      socket.close(1000);
    });
    socket.on('message', (data) => {
      const { type, payload } = decodeFrame(data);
      if (type === FRAME_TYPES.error) told = JSON.parse(Buffer.from(payload).toString()).code;
    });
    socket.on('unexpected-response', (_, { statusCode }) => reject(new Error(`refused with ${statusCode}`)));
    socket.on('error', () => {}); // the collector may be gone before the last frame is out
    socket.on('close', () => resolve(told));
  });
}

await Promise.all(
  agents.map(async ({ node, credential }, lane) => {
    const fuzzer = new FrameFuzzer(seed + lane, node);
    while (outcome.sent < frames) {
      const messages = fuzzer.connection();
      outcome.sent += messages.length;
      outcome.connections += 1;
      const told = await connection(credential, messages);
      if (told === undefined) outcome.untold += 1;
      else outcome.told[told] = (outcome.told[told] ?? 0) + 1;
      // The first of many frames may be what it takes.
      if (told === 'credits_exceeded' || told === 'too_many_streams') outcome.behind += messages.length - 1;
    }
    for (const [sort, count] of Object.entries(fuzzer.made))
      outcome.sorts[sort] = (outcome.sorts[sort] ?? 0) + count;
  }),
);
process.send(outcome);
process.disconnect();
