// SPDX-License-Identifier: Apache-2.0
// A collector that takes frames in its own process: node session-process.mjs '{"data":...,"frames":N,"seed":N,"limits":{}}'
// It says `{ url, credential }` of the neighbour when it listens, begins at `begin`, says what came of it, and ends at `end`.
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { Collector, CollectorConfig, MemoryStore } from '@undermesh/collector';
import Value from 'typebox/value';
import { FrameFuzzer } from './frames.mjs';
import { HandedSocket } from './handed-socket.mjs';

/** Connections at once, each of a node of its own. */
const LANES = 8;

const { data, frames, seed, limits } = JSON.parse(process.argv[2]);
const config = Value.Parse(
  CollectorConfig,
  Value.Default(CollectorConfig, { data, limits, listen: { port: 0 }, log: { level: 'warn' } }),
);
const store = new MemoryStore({ maxRows: 500 });
const collector = new Collector({ config, store });
const url = await collector.start();
await collector.rebuilt;
process.send({ url, credential: collector.credentials.create('neighbour') });
await once(process, 'message');

const lanes = Array.from({ length: LANES }, (_, lane) => ({
  node: `mallory-${lane}`,
  fuzzer: new FrameFuzzer(seed + lane, `mallory-${lane}`),
}));
const told = {};
const progress = { handed: 0, connections: 0, untold: 0 };
const report = setInterval(() => process.send({ handed: progress.handed }), 1000);

while (progress.handed < frames) {
  const open = lanes.map(({ node, fuzzer }) => {
    const socket = new HandedSocket();
    collector.ingest.accept(socket, { node, expiresAt: null });
    return { socket, messages: fuzzer.connection() };
  });
  progress.connections += open.length;
  // By turns, as they would come in.
  for (let at = 0; open.some(({ socket, messages }) => socket.isOpen && at < messages.length); at += 1) {
    for (const { socket, messages } of open) {
      if (!socket.isOpen || at >= messages.length) continue;
      while (socket.isPaused) await turn();
      socket.hand(messages[at]);
      progress.handed += 1;
    }
  }
  for (const { socket } of open) {
    while (socket.isPaused) await turn(); // what it was handed last waits for its turn
    if (socket.told === undefined) progress.untold += 1;
    else told[socket.told] = (told[socket.told] ?? 0) + 1;
    socket.close();
  }
  await turn();
}

clearInterval(report);
const sorts = {};
for (const { fuzzer } of lanes) {
  for (const [sort, count] of Object.entries(fuzzer.made)) sorts[sort] = (sorts[sort] ?? 0) + count;
}
const { rejected, ...totals } = collector.ingest.totals;
process.send({ ...progress, told, sorts, totals, rejected: Object.fromEntries(rejected) });
await once(process, 'message');
await collector.stop();
process.disconnect();
