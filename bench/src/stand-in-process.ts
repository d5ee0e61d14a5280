// SPDX-License-Identifier: Apache-2.0
// A collector that takes every frame and acknowledges it without looking inside: what an agent costs is measured
// against it, so that the figure does not hang on the collector's pace. Sends its port over IPC.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { encodeFrame, encodeMessage, FRAME_TYPES, type FrameType } from '@undermesh/schema';

interface Socket {
  on(event: 'message', listener: (data: Buffer) => void): void;
  on(event: 'error', listener: () => void): void;
  send(data: Uint8Array): void;
}
interface WebSockets {
  readonly WebSocketServer: new (options: {
    server: ReturnType<typeof createServer>;
    perMessageDeflate: false;
  }) => { on(event: 'connection', listener: (socket: Socket) => void): void };
}

// The agent's own WebSockets.
const { WebSocketServer } = createRequire(import.meta.resolve('@undermesh/agent'))('ws') as WebSockets;

const CREDITS = 64;
const TYPE_AT = 5;
const SEQUENCE_AT = 32;

const control = (type: FrameType, message: Parameters<typeof encodeMessage>[0]): Uint8Array =>
  encodeFrame(
    {
      type,
      flags: 0,
      streamId: new Uint8Array(16),
      sequence: 0n,
      boottimeNs: 0n,
      realtimeNs: 0n,
      abiVersion: 0,
      recordBytes: 0,
      recordCount: 0,
    },
    encodeMessage(message),
  );

const server = createServer();
new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data) => {
    const type = data[TYPE_AT];
    if (type === FRAME_TYPES.hello) {
      const welcome = {
        collectorId: 'bench',
        collectorVersion: 'bench',
        credits: CREDITS,
        acknowledged: '0',
      };
      socket.send(control(FRAME_TYPES.welcome, welcome));
    } else if (type === FRAME_TYPES.records) {
      const sequence = data.readBigUInt64LE(SEQUENCE_AT).toString();
      socket.send(control(FRAME_TYPES.ack, { sequence, credits: CREDITS }));
    }
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
