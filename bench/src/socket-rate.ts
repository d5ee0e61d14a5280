// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ConnectionRecord } from '@undermesh/bpf-abi';
import { endProcess } from './collector-process.js';
import { bootstrapMedian, type Estimate } from './statistics.js';
import type { Testbed } from './testbed.js';

const sender = fileURLToPath(new URL('sender-process.js', import.meta.url));

/** ns of CPU per record for a Node.js process to receive its bytes and do nothing else: the ceiling of any collector. */
export async function measureSocket(testbed: Testbed, seconds: number): Promise<Estimate> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const child = testbed.spawn(process.execPath, [sender, String(port)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [socket] = (await once(server, 'connection')) as [Socket];
  let bytes = 0;
  socket.on('data', (data) => {
    bytes += data.length;
  });
  await pause(500); // warm-up
  const costs: number[] = [];
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; ) {
    const before = { bytes, cpu: process.cpuUsage() };
    await pause(250);
    const { user, system } = process.cpuUsage(before.cpu);
    costs.push(((user + system) * 1_000) / ((bytes - before.bytes) / ConnectionRecord.BYTES));
  }
  socket.destroy();
  server.close();
  await endProcess(child);
  return bootstrapMedian(costs);
}
