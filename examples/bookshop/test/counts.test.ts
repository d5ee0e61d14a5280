// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { callCounts, countConnection, newCounts } from '../src/counts.js';

/** A loopback server that answers four bytes and closes. */
async function listening() {
  const server = createServer((socket) => socket.end('four')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

async function callOn(port: number) {
  const call = callCounts(newCounts('front'), 'catalogue');
  const socket = connect({ host: '127.0.0.1', port });
  countConnection(call, socket);
  socket.on('error', () => {});
  socket.end('request');
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  return call;
}

it('counts what a connection carried', async () => {
  const { server, port } = await listening();
  const call = await callOn(port);
  server.close();
  expect(call).toMatchObject({ connects: 1, established: 1, failed: {}, bytesSent: 7, bytesReceived: 4 });
});

it('counts no bytes for a connection that was refused', async () => {
  const { server, port } = await listening();
  server.close();
  await once(server, 'close');
  const call = await callOn(port);
  expect(call).toMatchObject({ connects: 1, established: 0, failed: { ECONNREFUSED: 1 }, bytesSent: 0 });
});
