// SPDX-License-Identifier: Apache-2.0
// node node-ways-process.js CONNECTIONS URL CGROUP [URL CGROUP ...]: as node-client-process.js, with connections in several cgroups that all stay. { way, forMs } asks over those of one way.
import { Agent } from 'node:http';
import { argv } from 'node:process';
import { enterCgroup } from './enter-cgroup.js';
import { askFor } from './node-ask.js';

const [connections = '1', ...ways] = argv.slice(2);
const urls = ways.filter((_, i) => i % 2 === 0);
const cgroups = ways.filter((_, i) => i % 2 === 1);
const agents = urls.map(() => new Agent({ keepAlive: true, maxSockets: Number(connections) }));

async function run({ way, forMs }: { way: number; forMs: number }): Promise<number> {
  const agent = agents[way];
  if (agent === undefined) throw new Error(`there is no way ${way}`);
  if (Object.keys(agent.freeSockets).length === 0) enterCgroup(cgroups[way]); // it makes connections now
  return askFor(forMs, urls[way] ?? '', agent, Number(connections));
}

process.on('message', (order: { way: number; forMs: number }) => {
  run(order).then(
    (requests) => process.send?.(requests),
    (error: unknown) => process.send?.(String(error)),
  );
});
process.once('disconnect', () => process.exit());
