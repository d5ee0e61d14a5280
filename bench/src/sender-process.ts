// SPDX-License-Identifier: Apache-2.0
// Sends frames to a port of loopback, as fast as they are taken, until the connection is closed.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { RecordFrames } from './record-frames.js';

const message = new RecordFrames(randomBytes(16)).next();
const socket = connect(Number(process.argv[2]), '127.0.0.1');
const send = (): void => {
  while (socket.write(message));
};
socket.on('connect', send).on('drain', send);
socket.on('close', () => process.exit()).on('error', () => process.exit());
process.on('disconnect', () => process.exit());
