// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import type { UndermeshError } from '@undermesh/core';
import type { WebSocket } from 'ws';
import { parse, refusalOf } from '../tls/certify.js';

/** Longest reason that is read, characters. */
const LONGEST_REASON = 16_384;

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
