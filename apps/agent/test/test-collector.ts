// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  type Ack,
  type Command,
  type Dictionary,
  decodeFrame,
  type ErrorMessage,
  encodeFrame,
  encodeMessage,
  FRAME_TYPES,
  type Frame,
  type FrameType,
  type Hello,
  type Report,
  type Welcome,
} from '@undermesh/schema';
import { type WebSocket, WebSocketServer } from 'ws';

/** One message an agent sent, in order. */
export interface Received {
  readonly connection: number;
  readonly frame: Frame;
}

export interface TestCollectorOptions {
  collectorId?: string;
  credits?: number;
  /** Acknowledge record frames as they come. */
  acknowledge?: boolean;
  token?: string;
  port?: number;
  /** This collector's clock less the agent's. */
  clockAheadMs?: number;
  /** Takes leg records; default true. */
  legs?: boolean;
}

/** A real WebSocket server that speaks the collector's side of the wire. */
export class TestCollector {
  readonly received: Received[] = [];
  readonly authorizations: (string | undefined)[] = [];
  options: TestCollectorOptions;
  /** Highest sequence of the stream that spoke last that is durable here. */
  acknowledged = 0n;
  connections = 0;
  #server: WebSocketServer | undefined;
  #socket: WebSocket | undefined;
  #port = 0;
  #streamId = '';

  constructor(options: TestCollectorOptions = {}) {
    this.options = options;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/ingest/v1`;
  }

  async start(): Promise<this> {
    const server = new WebSocketServer({
      host: '127.0.0.1',
      port: this.#port || (this.options.port ?? 0),
      path: '/ingest/v1',
      verifyClient: ({ req }: { req: { headers: { authorization?: string } } }) =>
        this.options.token === undefined || req.headers.authorization === `Bearer ${this.options.token}`,
    });
    this.#server = server;
    server.on('connection', (socket, request) => {
      this.connections++;
      this.authorizations.push(request.headers.authorization);
      this.#socket = socket;
      const connection = this.connections;
      socket.on('message', (data: Buffer) => this.#message(connection, new Uint8Array(data)));
      socket.on('error', () => {});
    });
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  /** Breaks the connection without a word. */
  drop(): void {
    this.#socket?.terminate();
  }

  /** Reads nothing more from the present connection. */
  pause(): void {
    this.#socket?.pause();
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    for (const client of server.clients) client.terminate();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  send(type: FrameType, message: Welcome | Ack | ErrorMessage | Hello | Command): void {
    this.sendRaw(encodeControl(type, encodeMessage(message), this.options.clockAheadMs));
  }

  sendRaw(data: Uint8Array | string): void {
    this.#socket?.send(data);
  }

  ack(sequence: bigint, credits = this.options.credits ?? 16): void {
    if (sequence > this.acknowledged) this.acknowledged = sequence;
    this.send(FRAME_TYPES.ack, { sequence: sequence.toString(), credits });
  }

  frames(type: FrameType): Frame[] {
    return this.received.filter(({ frame }) => frame.type === type).map(({ frame }) => frame);
  }

  dictionaries(): Dictionary[] {
    return this.frames(FRAME_TYPES.dictionary).map(json<Dictionary>);
  }

  reports(): Report[] {
    return this.frames(FRAME_TYPES.report).map(json<Report>);
  }

  /** Waits until something holds; fails after `timeoutMs`. */
  async until(condition: () => boolean, what: string, timeoutMs = 60_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!condition()) {
      if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #message(connection: number, data: Uint8Array): void {
    const frame = decodeFrame(data);
    this.received.push({ connection, frame });
    const { collectorId = 'collector-1', credits = 16, acknowledge = true } = this.options;
    if (frame.type === FRAME_TYPES.hello) {
      const streamId = Buffer.from(frame.streamId).toString('hex');
      if (this.#streamId !== '' && streamId !== this.#streamId) this.acknowledged = 0n;
      this.#streamId = streamId;
      this.send(FRAME_TYPES.welcome, {
        collectorId,
        collectorVersion: 'test',
        credits,
        acknowledged: this.acknowledged.toString(),
        legs: this.options.legs ?? true,
      });
    } else if (frame.type === FRAME_TYPES.records && acknowledge) this.ack(frame.sequence);
  }
}

export const encodeControl = (type: FrameType, payload: Uint8Array, clockAheadMs = 0): Uint8Array =>
  encodeFrame(
    {
      type,
      flags: 0,
      streamId: new Uint8Array(16),
      sequence: 0n,
      boottimeNs: 0n,
      realtimeNs: BigInt(Date.now() + clockAheadMs) * 1_000_000n,
      abiVersion: 0,
      recordBytes: 0,
      recordCount: 0,
    },
    payload,
  );

const json = <T>(frame: Frame): T => JSON.parse(new TextDecoder().decode(frame.payload)) as T;
