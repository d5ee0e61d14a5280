// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';

/** How long a collector may take to answer that a connection is to be closed, ms. */
const CLOSE_MS = 500;

/** Whether all that was sent has reached the other end: a ping came back that was sent after it. */
export function answersPing(socket: WebSocket, timeoutMs: number): Promise<boolean> {
  const token = randomUUID();
  return new Promise((resolve) => {
    const finish = (reached: boolean): void => {
      clearTimeout(late);
      socket.off('pong', hear).off('close', miss);
      resolve(reached);
    };
    const miss = (): void => finish(false);
    const hear = (data: Buffer): void => {
      if (data.toString() === token) finish(true);
    };
    const late = setTimeout(miss, timeoutMs);
    socket.on('pong', hear).once('close', miss);
    socket.ping(token);
  });
}

/** Closes a WebSocket, the hard way if the other end does not answer; resolves when it is closed. */
export async function closed(socket: WebSocket): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return;
  await new Promise<void>((resolve) => {
    const force = setTimeout(() => socket.terminate(), CLOSE_MS);
    socket.once('close', () => {
      clearTimeout(force);
      resolve();
    });
    socket.close(1000);
  });
}
