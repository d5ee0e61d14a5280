// SPDX-License-Identifier: Apache-2.0
// An agent's WebSocket without a network: messages are handed to the collector's session directly.
import { EventEmitter } from 'node:events';
import { decodeFrame, FRAME_TYPES } from '@undermesh/schema';

const typeAt = 5;

/** As much of `ws` as a session uses. */
export class HandedSocket extends EventEmitter {
  OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  isPaused = false;
  /** Code of the error that the session told, when it did. */
  told;

  get isOpen() {
    return this.readyState === this.OPEN;
  }

  /** Hands over one message; a string is a text message. */
  hand(message) {
    this.emit('message', Buffer.from(message), typeof message !== 'string');
  }

  send(data) {
    if (data[typeAt] !== FRAME_TYPES.error) return;
    this.told = JSON.parse(Buffer.from(decodeFrame(data).payload).toString()).code;
  }

  close() {
    if (!this.isOpen) return;
    this.readyState = 3;
    setImmediate(() => this.emit('close'));
  }

  terminate() {
    this.close();
  }

  pause() {
    this.isPaused = true;
  }

  resume() {
    this.isPaused = false;
  }

  ping() {}
}
