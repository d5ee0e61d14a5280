// SPDX-License-Identifier: Apache-2.0
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { ABI_VERSION } from '@undermesh/bpf-abi';
import { clockPairNs } from '@undermesh/libbpf-ts';
import {
  type Ack,
  type Dictionary,
  decodeFrame,
  type ErrorMessage,
  encodeFrame,
  encodeMessage,
  FRAME_TYPES,
  type FrameType,
  type Hello,
  type Welcome,
} from '@undermesh/schema';
import { RECORDS_PER_FRAME, RecordFrames, SAMPLE_DICTIONARY } from './record-frames.js';

interface Socket extends NodeJS.EventEmitter {
  send(data: Uint8Array): void;
  terminate(): void;
}

// The agent's own WebSockets.
const { WebSocket } = createRequire(import.meta.resolve('@undermesh/agent'))('ws') as {
  WebSocket: new (
    url: string,
    options: {
      headers: Record<string, string>;
      perMessageDeflate: false;
      generateMask: (mask: Buffer) => void;
    },
  ) => Socket;
};

/** How often a paced agent looks whether the next frame is due, ms. */
const PACE_MS = 2;

/** An agent without a kernel: sends full frames as fast as it gets credits, or at a pace. */
export class FakeAgent {
  readonly #socket: Socket;
  readonly #frames = new RecordFrames(randomBytes(16));
  #credits = 0;
  #acknowledged = 0n;
  #sending = true;
  #pace: { readonly perMs: number; readonly since: number; readonly first: bigint } | undefined;
  #pacing: NodeJS.Timeout | undefined;
  #problem: string | undefined;
  #onAck = (): void => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', (error: Error) => this.#fail(error.message));
    socket.on('close', () => this.#fail('the collector closed the connection'));
    socket.on('message', (data: Buffer) => this.#receive(data));
  }

  /** Connects and begins to send. */
  static async connect(url: string, identity: { node: string; credential: string }): Promise<FakeAgent> {
    const headers = { authorization: `Bearer ${identity.credential}` };
    // As the agent does: a mask of zeros saves the copy of every frame.
    const generateMask = (mask: Buffer): void => void mask.fill(0);
    const socket = new WebSocket(url, { headers, perMessageDeflate: false, generateMask });
    await once(socket, 'open');
    const agent = new FakeAgent(socket);
    agent.#control(FRAME_TYPES.hello, {
      node: identity.node,
      cluster: 'default',
      agentVersion: 'bench',
      instance: randomUUID(),
      bootId: randomUUID(),
      abiVersion: ABI_VERSION,
    });
    agent.#control(FRAME_TYPES.dictionary, SAMPLE_DICTIONARY);
    return agent;
  }

  /** Records that are durable at the collector. Throws when the connection broke. */
  get acknowledged(): number {
    if (this.#problem !== undefined) throw new Error(`the collector takes no more frames: ${this.#problem}`);
    return Number(this.#acknowledged) * RECORDS_PER_FRAME;
  }

  /** From now on sends at most so many records a second. */
  pace(perSecond: number): void {
    const perMs = perSecond / RECORDS_PER_FRAME / 1_000;
    this.#pace = { perMs, since: performance.now(), first: this.#frames.sequence };
    this.#pacing ??= setInterval(() => this.#send(), PACE_MS);
  }

  /** Stops sending and waits until everything sent is durable. */
  async finish(): Promise<void> {
    this.#sending = false;
    clearInterval(this.#pacing);
    while (this.acknowledged < Number(this.#frames.sequence) * RECORDS_PER_FRAME) {
      await new Promise<void>((resolve) => {
        this.#onAck = resolve;
      });
    }
  }

  close(): void {
    clearInterval(this.#pacing);
    this.#socket.removeAllListeners('close');
    this.#socket.terminate();
  }

  #receive(data: Buffer): void {
    const { type, payload } = decodeFrame(data);
    const message = JSON.parse(Buffer.from(payload).toString()) as Welcome | Ack | ErrorMessage;
    if (type === FRAME_TYPES.error) this.#fail((message as ErrorMessage).message);
    if (type === FRAME_TYPES.ack) this.#acknowledged = BigInt((message as Ack).sequence);
    if ('credits' in message) this.#credits = message.credits;
    this.#onAck();
    this.#send();
  }

  #send(): void {
    const due = this.#due();
    while (
      this.#sending &&
      this.#frames.sequence < due &&
      this.#frames.sequence - this.#acknowledged < this.#credits
    ) {
      this.#socket.send(this.#frames.next());
    }
  }

  /** The frame up to which it may send by its pace. */
  #due(): bigint | number {
    if (this.#pace === undefined) return Number.POSITIVE_INFINITY;
    const { perMs, since, first } = this.#pace;
    return first + BigInt(Math.floor((performance.now() - since) * perMs));
  }

  #control(type: FrameType, message: Hello | Dictionary): void {
    const clock = clockPairNs();
    const header = {
      type,
      flags: 0,
      streamId: this.#frames.streamId,
      sequence: 0n,
      boottimeNs: clock.boottime,
      realtimeNs: clock.realtime,
      abiVersion: 0,
      recordBytes: 0,
      recordCount: 0,
    };
    this.#socket.send(encodeFrame(header, encodeMessage(message)));
  }

  #fail(problem: string): void {
    this.#problem ??= problem;
    this.#sending = false;
    this.#onAck();
  }
}
