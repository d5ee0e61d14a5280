// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import type { UndermeshError } from '@undermesh/core';
import { FRAME_HEADER_BYTES, MAX_PAYLOAD_BYTES } from '@undermesh/schema';
import { WebSocket } from 'ws';
import { parse, refusalOf } from '../tls/certify.js';
import { clientOptions, type UplinkAccess } from './access.js';

/** How long a collector may take to answer, ms: the WebSocket's handshake, then the welcome. */
export const HANDSHAKE_MS = 5_000;

const MASK = Buffer.alloc(4);

/** Longest reason that is read, characters. */
const LONGEST_REASON = 16_384;

/** Which collector is dialled, and by what right. */
export interface Call {
  readonly url: string;
  readonly access: UplinkAccess;
  /** The collector refuses, under this code; an `error` of the WebSocket says why. */
  readonly onRefused: (code: string) => void;
}

/** Begins to open a WebSocket to a collector. */
export function dial({ url, access, onRefused }: Call): WebSocket {
  const socket = new WebSocket(url, {
    ...clientOptions(access),
    perMessageDeflate: false,
    handshakeTimeout: HANDSHAKE_MS,
    maxPayload: FRAME_HEADER_BYTES + MAX_PAYLOAD_BYTES,
    // Masking keeps scripts in browsers from choosing the bytes on a wire (RFC 6455, 10.3). No script chooses ours:
    // a mask of zeros saves the copy of every frame.
    generateMask: (mask) => mask.set(MASK),
  });
  // Why it was refused stands in the body of the answer.
  socket.on('unexpected-response', (_, response) => {
    void refusalIn(response).then((refusal) => {
      onRefused(refusal.code);
      socket.emit('error', refusal);
    });
  });
  return socket;
}

/** Resolves when a WebSocket is open; rejects with why it is not. */
export const opened = (socket: WebSocket): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('open', resolve).on('error', reject);
    socket.once('close', (code) => reject(new Error(`the connection was closed (${code})`)));
  });

/** Why a collector answered something else than a WebSocket. */
export async function refusalIn(response: IncomingMessage): Promise<UndermeshError> {
  let text = '';
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      text += chunk as string;
      if (text.length > LONGEST_REASON) break;
    }
  } catch {
    // What came until it broke off has to do.
  }
  return refusalOf(response.statusCode ?? 0, parse(text));
}
