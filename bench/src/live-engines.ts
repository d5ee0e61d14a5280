// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { LiveMessage, NodeEngine } from '@undermesh/schema';

interface Socket extends NodeJS.EventEmitter {
  send(text: string): void;
  close(): void;
}

// The agent's, which speaks WebSocket too.
const { WebSocket } = createRequire(import.meta.resolve('@undermesh/agent'))('ws') as {
  WebSocket: new (url: string) => Socket;
};

const PATIENCE_MS = 10_000;

/** What a dashboard hears of a node's engine. */
export interface LiveEngine {
  /** Resolves with the moment, of `performance.now()`, at which a message said this of the engine. */
  when(what: string, holds: (engine: NodeEngine) => boolean): Promise<number>;
  close(): void;
}

/** Subscribes to the topic `engines` of a collector. @param url `http://127.0.0.1:7070` */
export async function hearEngine(url: string, node: string): Promise<LiveEngine> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/live`);
  let hear: (engine: NodeEngine) => void = () => {};
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString('utf8')) as LiveMessage;
    if (message.type !== 'engines') return;
    const found = message.data.items.find((item) => item.node === node);
    if (found !== undefined) hear(found.engine);
  });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'subscribe', id: 'engines', topic: 'engines' }));
  return {
    when: (what, holds) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          hear = () => {};
          reject(new Error(`waited ${PATIENCE_MS / 1_000} s in vain until ${what}`));
        }, PATIENCE_MS);
        hear = (engine) => {
          if (!holds(engine)) return;
          const at = performance.now();
          hear = () => {};
          clearTimeout(late);
          resolve(at);
        };
      }),
    close: () => socket.close(),
  };
}
