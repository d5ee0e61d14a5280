// SPDX-License-Identifier: Apache-2.0
import { parentPort } from 'node:worker_threads';
import { messageOf, UndermeshError } from '@undermesh/core';
import { DuckdbEngine } from './engine.js';
import type { OperationName, Operations, RecordStats, WorkerAnswer, WorkerRequest } from './protocol.js';
import { StoreError } from './store-failure.js';

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker thread only');
let engine: DuckdbEngine | null = null;
let maintenance: NodeJS.Timeout | undefined;

port.on('message', (request: WorkerRequest) => {
  void answer(request);
});

async function answer(request: WorkerRequest): Promise<void> {
  try {
    send({ id: request.id, answer: await perform(request), stats: stats(), buffers: buffersOf(request) });
  } catch (thrown) {
    const failure =
      thrown instanceof UndermeshError
        ? thrown
        : new StoreError('store_unavailable', messageOf(thrown), thrown);
    const { code, message, status } = failure;
    send({ id: request.id, failure: { code, message, status }, stats: stats(), buffers: buffersOf(request) });
  }
}

async function perform(request: WorkerRequest): Promise<Operations[OperationName]['answer']> {
  if (request.name === 'open') {
    engine = new DuckdbEngine(request.argument);
    const opened = await engine.open();
    maintenance = setInterval(() => void maintain(), request.argument.maintenanceMs);
    return opened;
  }
  if (engine === null) throw new StoreError('store_unavailable', 'the store is not open');
  switch (request.name) {
    case 'append':
      return engine.append(request.argument);
    case 'connections':
      return engine.connections(request.argument);
    case 'connection':
      return engine.connection(request.argument);
    case 'requests':
      return engine.requests(request.argument);
    case 'latencyConnections':
      return engine.latencyConnections(request.argument);
    case 'replay':
      return engine.replay(request.argument);
    case 'positions':
      return engine.positions();
    case 'workloads':
      return engine.workloads();
    case 'close':
      clearInterval(maintenance);
      return engine.close();
  }
}

async function maintain(): Promise<void> {
  await engine?.maintain();
  send({ id: null, stats: stats() });
}

function stats(): RecordStats | null {
  return engine?.stats() ?? null;
}

const buffersOf = ({ name, argument }: WorkerRequest): ArrayBuffer[] =>
  name === 'append' ? argument.frames.map(({ bytes }) => bytes) : [];

function send(message: WorkerAnswer): void {
  const buffers = 'buffers' in message ? [...(message.buffers ?? [])] : [];
  port?.postMessage(message, buffers);
}
