// SPDX-License-Identifier: Apache-2.0
// What breaks the rules of WebSocket itself (RFC 6455), or keeps to them and is rude all the same: over plain sockets.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const FIN = 0x80;
const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;

/** One frame of a client: masked, with a key of zeroes. `length` is announced instead of the true one. */
function frame(first, payload, { masked = true, length = payload.length } = {}) {
  const size =
    length < 126 ? [length] : length < 65_536 ? [126, length >> 8, length & 255] : [127, ...long(length)];
  if (masked) size[0] |= 0x80;
  return Buffer.concat([Buffer.from([first, ...size]), Buffer.alloc(masked ? 4 : 0), payload]);
}

function long(length) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return bytes;
}

/**
 * Each is given a socket behind its handshake, and the hello of its node; `counted` is under what the collector counts it,
 * `null` when there is nothing to refuse.
 */
export const rudeness = {
  'half a frame, then gone': {
    counted: null,
    async act(socket) {
      socket.write(frame(FIN | BINARY, randomBytes(40), { length: 400 }));
      await pause(5);
      socket.resetAndDestroy();
    },
  },
  'half a frame, then silence': {
    counted: 'hello_late',
    act: (socket) => socket.write(frame(FIN | BINARY, randomBytes(40), { length: 400 })),
  },
  'nothing at all': { counted: 'hello_late', act: () => {} },
  'a byte now and then': {
    counted: 'hello_late',
    async act(socket, hello) {
      for (const byte of frame(FIN | BINARY, hello)) {
        if (socket.destroyed) return;
        socket.write(Buffer.from([byte]));
        await pause(20);
      }
    },
  },
  'a hello in fragments of a byte': {
    counted: null,
    async act(socket, hello) {
      socket.write(frame(BINARY, hello.subarray(0, 1)));
      for (const byte of hello.subarray(1)) socket.write(frame(CONTINUATION, Buffer.from([byte])));
      socket.write(frame(FIN | CONTINUATION, Buffer.alloc(0)));
      socket.end(frame(FIN | CLOSE, Buffer.alloc(0)));
    },
  },
  'fragments without end': {
    counted: 'frame_oversized',
    act(socket) {
      socket.write(frame(BINARY, Buffer.alloc(1)));
      for (let part = 0; part < 20; part += 1) socket.write(frame(CONTINUATION, Buffer.alloc(60_000)));
    },
  },
  'a frame without a mask': invalid(frame(FIN | BINARY, randomBytes(8), { masked: false })),
  'reserved bits': invalid(frame(FIN | 0x40 | BINARY, randomBytes(8))),
  'an opcode that is none': invalid(frame(FIN | 5, randomBytes(8))),
  'a continuation of nothing': invalid(frame(FIN | CONTINUATION, randomBytes(8))),
  'a length of 2^62': invalid(frame(FIN | BINARY, randomBytes(8), { length: 2 ** 62 })),
  'text that is not UTF-8': invalid(frame(FIN | TEXT, Buffer.from([0xc3, 0x28]))),
  'a close that is none': invalid(frame(FIN | CLOSE, Buffer.from([3]))),
  'a ping too large': invalid(frame(FIN | PING, randomBytes(200))),
  'pings whose answers are never read': {
    counted: null,
    async act(socket) {
      socket.pause();
      const pings = Buffer.concat(Array.from({ length: 1000 }, () => frame(FIN | PING, randomBytes(125))));
      for (let round = 0; round < 50 && !socket.destroyed; round += 1)
        if (!socket.write(pings)) await Promise.race([once(socket, 'drain').catch(() => {}), pause(50)]);
      socket.resetAndDestroy();
    },
  },
};

function invalid(bytes) {
  return { counted: 'websocket_invalid', act: (socket) => socket.write(bytes) };
}

/**
 * Is rude once. Resolves when the connection is over; rejects when the collector keeps it for too long.
 * @param {keyof typeof rudeness} sort @param {{ url: string, credential: string, hello: Uint8Array }} to
 */
export async function beRude(sort, { url, credential, hello }) {
  const { hostname, port, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  const over = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => {});
  socket.write(
    [
      'GET /ingest/v1 HTTP/1.1',
      `Host: ${host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      `Authorization: Bearer ${credential}`,
      '\r\n',
    ].join('\r\n'),
  );
  const [answer] = await once(socket, 'data');
  if (!answer.toString().startsWith('HTTP/1.1 101'))
    throw new Error(`${sort}: ${answer.toString().slice(0, 80)}`);
  await rudeness[sort].act(socket, hello);
  socket.resume();
  const late = setTimeout(() => socket.destroy(new Error('late')), 20_000);
  await over;
  clearTimeout(late);
}
