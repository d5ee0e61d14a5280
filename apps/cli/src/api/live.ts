// SPDX-License-Identifier: Apache-2.0
import { on } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf, type TlsAccess, UndermeshError } from '@undermesh/core';
import { type Connection, type ConnectionsQuery, LiveMessage, Problem } from '@undermesh/schema';
import { WebSocket } from 'ws';
import { cliError, happenedIn, problemError } from '../errors.js';
import type { Access } from './access.js';
import { conforms } from './check.js';
import { authorization, unreachable } from './client.js';
import { trustOf } from './trust.js';

/** What following connections brings. */
export type FollowEvent =
  | { readonly type: 'connections'; readonly items: readonly Connection[]; readonly skipped: number }
  /** What happens from now on is told. */
  | { readonly type: 'opened'; readonly isFirst: boolean }
  /** The line was cut: what happens until it is `opened` again is not told. */
  | { readonly type: 'interrupted'; readonly reason: string; readonly retrySeconds: number };

const HANDSHAKE_MS = 10_000;
/** The collector pings every 20 s: without any sign for this long, the line is dead. */
const SILENCE_MS = 50_000;
/** Messages that may wait for their reader before the line is held. */
const MOST_WAITING = 64;
const BACKOFF_SECONDS = [1, 2, 3, 5, 8, 13, 20];
const MOST_BACKOFF_SECONDS = 30;

/**
 * Connections as they open, end and fail, without end: a line that is cut is taken up again. Throws `unreachable` when
 * there never was one, and what the collector answers when it refuses.
 */
export async function* follow(access: Access, query: ConnectionsQuery): AsyncGenerator<FollowEvent> {
  let wasOpen = false;
  for (let attempt = 0; ; attempt++) {
    let reason: string;
    try {
      for await (const event of session(access, query)) {
        if (event === 'open') {
          yield { type: 'opened', isFirst: !wasOpen };
          wasOpen = true;
          attempt = 0;
        } else yield event;
      }
      reason = 'the collector hung up';
    } catch (error) {
      const isRefusal = !(error instanceof UndermeshError) || error.code !== 'unreachable';
      if (!wasOpen || isRefusal) throw error;
      reason = happenedIn(error);
    }
    const retrySeconds = BACKOFF_SECONDS[attempt] ?? MOST_BACKOFF_SECONDS;
    yield { type: 'interrupted', reason, retrySeconds };
    await pause(retrySeconds * 1000);
  }
}

async function trusted(access: Access): Promise<TlsAccess> {
  try {
    return await trustOf(access);
  } catch (error) {
    throw error instanceof UndermeshError ? error : unreachable(access, error);
  }
}

/** One WebSocket: `open` once the snapshot came, then batches until it closes. */
async function* session(access: Access, query: ConnectionsQuery): AsyncGenerator<FollowEvent | 'open'> {
  const url = new URL('api/v1/live', access.url);
  url.protocol = url.protocol.replace('http', 'ws');
  const socket = new WebSocket(url, {
    ...(await trusted(access)),
    headers: authorization(access),
    handshakeTimeout: HANDSHAKE_MS,
  });
  const silence = setTimeout(() => socket.terminate(), SILENCE_MS);
  socket.on('ping', () => silence.refresh());
  try {
    await opened(socket, access);
    socket.on('error', () => {}); // `close` follows
    const messages = on(socket, 'message', { close: ['close'], highWaterMark: MOST_WAITING });
    socket.send(JSON.stringify({ type: 'subscribe', id: 'follow', topic: 'connections', query }));
    let expected = 0;
    for await (const [data] of messages as AsyncIterable<[Buffer]>) {
      silence.refresh();
      const message = read(data);
      if (message.type === 'error') throw problemError(message.problem);
      if (message.type !== 'connections') continue;
      if (message.sequence !== expected++) return; // a gap: only a new snapshot helps
      if (message.sequence === 0) yield 'open';
      const { items, skipped } = message;
      if (items.length > 0 || skipped > 0) yield { type: 'connections', items, skipped };
    }
  } finally {
    clearTimeout(silence);
    socket.terminate();
  }
}

/** Resolves when the upgrade is done. Throws what the collector answered instead, or `unreachable`. */
async function opened(socket: WebSocket, access: Access): Promise<void> {
  const refusal = await new Promise<IncomingMessage | null>((resolve, reject) => {
    socket.once('open', () => resolve(null));
    socket.once('unexpected-response', (_request, response) => resolve(response));
    socket.once('error', (cause) => reject(unreachable(access, cause)));
  });
  if (refusal === null) return;
  const chunks: Buffer[] = [];
  for await (const chunk of refusal) chunks.push(chunk as Buffer);
  const body = parseJson(Buffer.concat(chunks).toString('utf8'));
  if (conforms(Problem, body)) throw problemError(body);
  throw cliError(
    'answer_invalid',
    `${access.url.origin} answered HTTP ${refusal.statusCode} to a live request.`,
  );
}

function read(data: Buffer): LiveMessage {
  const message = parseJson(data.toString('utf8'));
  if (conforms(LiveMessage, message)) return message;
  throw cliError('answer_invalid', 'A live message is not what it should be.');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw cliError(
      'answer_invalid',
      `The collector sent something that is not JSON: ${messageOf(cause)}.`,
      cause,
    );
  }
}
