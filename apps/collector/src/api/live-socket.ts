// SPDX-License-Identifier: Apache-2.0
import { createLogger } from '@undermesh/core';
import { type LiveMessage, LiveRequest } from '@undermesh/schema';
import type { FastifyInstance } from 'fastify';
import { Compile } from 'typebox/compile';
import type { WebSocket } from 'ws';
import { CollectorError } from '../errors.js';
import { type LiveOutlet, type LiveTopics, WrittenBody } from './live.js';
import { problemOf } from './problem.js';

const log = createLogger('live');
const REQUEST = Compile(LiveRequest);
/** Longest request of a client. */
const MAX_REQUEST_BYTES = 16_384;
/** Unsent bytes above which a client does not keep up, and above which it is hung up on. */
const CONGESTED_BYTES = 1 << 20;
const HOPELESS_BYTES = 16 << 20;
const PING_MS = 20_000;

export interface LiveOptions {
  readonly topics: LiveTopics;
  readonly subscriptions: number;
  readonly clients: number;
}

/** The WebSocket /api/v1/live. */
export function liveRoute(app: FastifyInstance, options: LiveOptions): void {
  const clients = new Set<LiveClient>();
  app.get('/api/v1/live', { websocket: true }, (socket) => {
    const client = new LiveClient(socket, options);
    if (clients.size >= options.clients) {
      client.refuse(
        new CollectorError('too_many_subscriptions', `No more than ${options.clients} live connections.`),
      );
      return;
    }
    clients.add(client);
    socket.on('close', () => clients.delete(client));
  });
}

/** One browser's connection and its subscriptions. */
class LiveClient {
  readonly #socket: WebSocket;
  readonly #options: LiveOptions;
  readonly #subscriptions = new Map<string, { end: () => void; ended: boolean }>();
  #answered = true;

  constructor(socket: WebSocket, options: LiveOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary));
    socket.on('pong', () => {
      this.#answered = true;
    });
    const pinging = setInterval(() => {
      if (!this.#answered) socket.terminate();
      this.#answered = false;
      socket.ping();
    }, PING_MS);
    socket.on('close', () => {
      clearInterval(pinging);
      for (const id of [...this.#subscriptions.keys()]) this.#unsubscribe(id);
    });
  }

  refuse(error: CollectorError): void {
    this.#send({ type: 'error', problem: problemOf(error) });
    this.#socket.close(1008, error.code);
  }

  #receive(data: Buffer, isBinary: boolean): void {
    let id: string | undefined;
    try {
      if (isBinary || data.byteLength > MAX_REQUEST_BYTES) {
        throw new CollectorError(
          'request_invalid',
          `Requests are JSON text of at most ${MAX_REQUEST_BYTES} bytes.`,
        );
      }
      const request: unknown = parseJson(data);
      if (!REQUEST.Check(request)) {
        id =
          typeof (request as { id?: unknown })?.id === 'string' ? (request as { id: string }).id : undefined;
        throw new CollectorError(
          'request_invalid',
          'The request does not have the shape of any live request.',
        );
      }
      id = request.id;
      this.#unsubscribe(id);
      if (request.type === 'subscribe') this.#subscribe(request);
    } catch (error) {
      const problem = problemOf(error);
      this.#send(id === undefined ? { type: 'error', problem } : { type: 'error', id, problem });
    }
  }

  #subscribe(request: Extract<LiveRequest, { type: 'subscribe' }>): void {
    const { topics, subscriptions } = this.#options;
    if (this.#subscriptions.size >= subscriptions) {
      throw new CollectorError(
        'too_many_subscriptions',
        `One connection may hold ${subscriptions} subscriptions.`,
      );
    }
    const topic = topics.get(request.topic);
    if (topic === undefined)
      throw new CollectorError('not_found', `There is no live topic ${request.topic}.`);
    const subscription = { end: () => {}, ended: false };
    this.#subscriptions.set(request.id, subscription);
    let sequence = 0;
    const send = (json: string): void => this.#sendJson(json);
    const socket = this.#socket;
    const outlet: LiveOutlet = {
      send(body) {
        if (subscription.ended) return;
        const json = body instanceof WrittenBody ? body.json : JSON.stringify(body);
        send(`${json.slice(0, -1)},"id":${JSON.stringify(request.id)},"sequence":${sequence++}}`);
      },
      get congested() {
        return socket.bufferedAmount > CONGESTED_BYTES;
      },
    };
    try {
      subscription.end = topic.subscribe(request, outlet);
    } catch (error) {
      this.#subscriptions.delete(request.id);
      subscription.ended = true;
      throw error;
    }
  }

  #unsubscribe(id: string): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) return;
    this.#subscriptions.delete(id);
    subscription.ended = true;
    subscription.end();
  }

  #send(message: LiveMessage): void {
    this.#sendJson(JSON.stringify(message));
  }

  #sendJson(json: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > HOPELESS_BYTES) {
      log.warn({ bufferedBytes: this.#socket.bufferedAmount }, 'hung up on a live client that does not read');
      this.#socket.terminate();
      return;
    }
    this.#socket.send(json);
  }
}

function parseJson(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString('utf8'));
  } catch (cause) {
    throw new CollectorError('request_invalid', 'The request is not JSON.', cause);
  }
}
