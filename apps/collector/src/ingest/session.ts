// SPDX-License-Identifier: Apache-2.0
import { createLogger } from '@undermesh/core';
import {
  type Ack,
  type Command,
  Dictionary,
  decodeFrame,
  type ErrorMessage,
  encodeFrame,
  encodeMessage,
  FRAME_TYPES,
  type Frame,
  FrameError,
  type FrameType,
  Hello,
  Report,
  type Welcome,
} from '@undermesh/schema';
import { Compile } from 'typebox/compile';
import type { WebSocket } from 'ws';
import { CollectorError } from '../errors.js';
import type { Agent } from './agents.js';
import type { FrameTurns } from './frame-turns.js';
import type { StreamRoad } from './stream-road.js';

const log = createLogger('ingest');

/** Payload shapes, compiled once. */
const VALIDATORS = { hello: Compile(Hello), dictionary: Compile(Dictionary), report: Compile(Report) };

/** Streams that one connection may speak for: its own, and earlier ones out of a spool. */
const MAX_STREAMS = 8;
const NO_STREAM = new Uint8Array(16);
/** Answers that may wait for an agent to read them, in bytes: thousands of acknowledgements. */
const MOST_UNREAD_BYTES = 1 << 20;
/** What a timer can wait for. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What a session needs from the collector around it. */
export interface SessionHost {
  /**
   * Whether this connection may speak for the node; takes over from an older connection. `kept` resolves once the books
   * of streams that are over by this are on disk: the agent forgets them at its welcome.
   */
  admit(
    session: Session,
    hello: Hello,
    streamId: string,
  ): { agent: Agent; road: StreamRoad; welcome: Welcome; kept: Promise<unknown> };
  /** Throws CollectorError `too_many_streams` when the node has begun too many. */
  road(agent: Agent, streamId: string): StreamRoad;
  report(agent: Agent, frame: Frame, report: Report): void;
  /** The agent has been sent its welcome. */
  welcomed(agent: Agent): void;
  /** The session is over, for whatever reason. */
  left(session: Session): void;
  rejected(code: string): void;
  readonly credits: () => number;
  readonly turns: FrameTurns;
  readonly mostCredits: number;
  readonly helloTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/** Whom a connection was admitted for. */
export interface Admitted {
  readonly node: string;
  /** When that ends, Unix ms; `null`: never. */
  readonly expiresAt: number | null;
}

/** One agent's connection, from its upgrade to its end. */
export class Session {
  readonly #socket: WebSocket;
  readonly #host: SessionHost;
  /** Node that it was admitted for. */
  readonly node: string;
  /** When its certificate ends, Unix ms; `null` without one. */
  readonly expiresAt: number | null;
  #agent: Agent | null = null;
  readonly #roads = new Map<string, StreamRoad>();
  #helloTimer: NodeJS.Timeout;
  #expiryTimer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout;
  #heardAt = Date.now();
  #pingedAt = 0;
  #welcomed = false;
  #ended = false;
  #acking = false;
  /** Why the socket is not read from: others need the memory, or frames of its own wait for their turn. */
  #held = false;
  #waiting = 0;

  constructor(socket: WebSocket, { node, expiresAt }: Admitted, host: SessionHost) {
    this.#socket = socket;
    this.#host = host;
    this.node = node;
    this.expiresAt = expiresAt;
    this.#helloTimer = setTimeout(() => {
      this.reject(new CollectorError('hello_late', `No hello came within ${host.helloTimeoutMs} ms.`));
    }, host.helloTimeoutMs);
    this.#idleTimer = setInterval(() => this.#checkIdle(), Math.max(50, host.idleTimeoutMs / 3));
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#arrived(data, isBinary));
    socket.on('pong', () => this.#ponged());
    socket.on('error', (error: NodeJS.ErrnoException) => this.#broken(error));
    socket.on('close', () => this.end());
    this.#watchExpiry();
  }

  /** Ends the connection for a reason that its agent is told and that is counted. */
  reject(error: CollectorError | FrameError): void {
    if (this.#ended) return;
    this.#host.rejected(error.code);
    log.debug({ node: this.node, code: error.code, problem: error.message }, 'hung up on an agent');
    this.#send(FRAME_TYPES.error, { code: error.code, message: error.message });
    this.end(error instanceof FrameError ? 1002 : 1008, error.code);
  }

  /** Ends the connection. */
  end(code = 1000, reason = ''): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#helloTimer);
    clearTimeout(this.#expiryTimer);
    clearInterval(this.#idleTimer);
    for (const road of this.#roads.values()) road.detach(this);
    this.#socket.close(code, reason);
    // What was not read when a socket is cut off takes along what its peer has not read yet: why it was hung up on.
    this.#socket.resume();
    // Whoever does not answer the closing handshake is cut off.
    const socket = this.#socket;
    setTimeout(() => socket.terminate(), 2_000).unref();
    this.#host.left(this);
  }

  /** Stops or goes on reading from the socket: the agent's frames then wait in its own memory. */
  setPaused(paused: boolean): void {
    this.#held = paused;
    this.#read();
  }

  #read(): void {
    if (!this.#ended && (this.#held || this.#waiting > 0)) this.#socket.pause();
    else this.#socket.resume();
    this.#heardAt = Date.now();
  }

  /** The durable position of the agent's own stream may have moved: says so, together with what came at the same time. */
  acknowledge(): void {
    if (this.#acking || this.#ended) return;
    this.#acking = true;
    setImmediate(() => {
      this.#acking = false;
      const road = this.#agent?.streamId == null ? undefined : this.#roads.get(this.#agent.streamId);
      if (this.#ended || road === undefined) return;
      const credits = road.stalled ? 0 : this.#host.credits();
      this.#send(FRAME_TYPES.ack, { sequence: road.durable.toString(), credits });
      this.#checkRead();
    });
  }

  /** A certificate that was good when the connection was made ends while it is open. */
  #watchExpiry(): void {
    if (this.expiresAt === null || this.#ended) return;
    const left = this.expiresAt - Date.now();
    if (left > 0) {
      this.#expiryTimer = setTimeout(() => this.#watchExpiry(), Math.min(left, LONGEST_TIMER_MS)).unref();
      return;
    }
    const ended = new Date(this.expiresAt).toISOString();
    this.reject(
      new CollectorError('certificate_expired', `The certificate of this connection ended on ${ended}.`),
    );
  }

  /** What an agent does not read would pile up here. */
  #checkRead(): void {
    const unread = this.#socket.bufferedAmount;
    if (unread <= MOST_UNREAD_BYTES) return;
    this.reject(
      new CollectorError('answers_unread', `${unread} bytes of answers wait for the agent to read them.`),
    );
  }

  /** What came is no WebSocket message, or too large for one; or the network failed, which is nobody's fault. */
  #broken(error: NodeJS.ErrnoException): void {
    if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
      this.reject(new FrameError('frame_oversized', error.message));
    } else if (error.code?.startsWith('WS_ERR_') === true) {
      this.reject(new CollectorError('websocket_invalid', error.message, error));
    }
  }

  /** Sends an order; false when the agent is not there to hear it. */
  command(command: Command): boolean {
    if (!this.#welcomed || this.#ended) return false;
    this.#send(FRAME_TYPES.command, command);
    return true;
  }

  #arrived(data: Buffer, isBinary: boolean): void {
    if (this.#ended) return;
    this.#heardAt = Date.now();
    const { turns } = this.#host;
    const receive = (): void => this.#receive(data, isBinary);
    if (turns.takeNow(receive)) return;
    this.#waiting++;
    this.#read();
    turns.takeLater(() => {
      receive();
      this.#waiting--;
      if (this.#waiting === 0) this.#read();
    });
  }

  #receive(data: Buffer, isBinary: boolean): void {
    // Whoever has hung up while this waited for its turn could not be told of it, and sends it again.
    if (this.#ended || this.#socket.readyState !== this.#socket.OPEN) return;
    try {
      if (!isBinary) throw new CollectorError('frame_not_binary', 'A text message came; frames are binary.');
      this.#take(decodeFrame(data));
    } catch (error) {
      if (error instanceof CollectorError || error instanceof FrameError) {
        this.reject(error);
        return;
      }
      log.error({ err: error, node: this.node }, 'a frame could not be taken');
      this.reject(
        new CollectorError('internal', 'The collector made a mistake with this frame; see its log.', error),
      );
    }
  }

  #take(frame: Frame): void {
    const agent = this.#agent;
    if (agent === null) {
      if (frame.type !== FRAME_TYPES.hello) {
        throw new CollectorError('hello_expected', 'The first frame of a connection must be a hello.');
      }
      this.#greet(frame);
      return;
    }
    switch (frame.type) {
      case FRAME_TYPES.records: {
        const road = this.#roadOf(agent, frame);
        if (road.pending >= this.#host.mostCredits * 2) {
          throw new CollectorError(
            'credits_exceeded',
            `More than ${this.#host.mostCredits} frames came before any was acknowledged.`,
          );
        }
        road.take(frame);
        return;
      }
      case FRAME_TYPES.dictionary:
        this.#roadOf(agent, frame).applyDictionary(parse(frame, 'dictionary'));
        return;
      case FRAME_TYPES.report:
        this.#roadOf(agent, frame);
        this.#host.report(agent, frame, parse(frame, 'report'));
        return;
      case FRAME_TYPES.hello:
        throw new CollectorError('hello_repeated', 'A second hello came on the same connection.');
      case FRAME_TYPES.welcome:
      case FRAME_TYPES.ack:
      case FRAME_TYPES.error:
      case FRAME_TYPES.command:
        throw new CollectorError(
          'frame_unexpected',
          `Frames of type ${frame.type} are sent by the collector only.`,
        );
    }
  }

  #greet(frame: Frame): void {
    const hello = parse<Hello>(frame, 'hello');
    if (hello.node !== this.node) {
      throw new CollectorError(
        'node_not_yours',
        `The agent was admitted for ${this.node}, its hello names ${hello.node}: set agent.node, or admit each node by itself.`,
      );
    }
    clearTimeout(this.#helloTimer);
    const { agent, road, welcome, kept } = this.#host.admit(this, hello, streamIdOf(frame));
    this.#agent = agent;
    this.#roads.set(streamIdOf(frame), road);
    void kept.then(() => {
      if (this.#ended) return;
      road.attach(this);
      this.#send(FRAME_TYPES.welcome, welcome);
      this.#welcomed = true;
      this.#ping();
      this.#host.welcomed(agent);
    });
  }

  #roadOf(agent: Agent, frame: Frame): StreamRoad {
    const streamId = streamIdOf(frame);
    const known = this.#roads.get(streamId);
    if (known !== undefined) return known;
    if (this.#roads.size >= MAX_STREAMS) {
      throw new CollectorError(
        'frame_unexpected',
        `One connection may speak for ${MAX_STREAMS} streams at most.`,
      );
    }
    const road = this.#host.road(agent, streamId);
    this.#roads.set(streamId, road);
    road.attach(this);
    return road;
  }

  #checkIdle(): void {
    const silent = Date.now() - this.#heardAt;
    if (silent > this.#host.idleTimeoutMs && !this.#socket.isPaused) {
      this.reject(new CollectorError('idle', `Nothing was heard for ${silent} ms.`));
      return;
    }
    this.#ping();
  }

  #ping(): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#pingedAt = performance.now();
    this.#socket.ping();
  }

  #ponged(): void {
    this.#heardAt = Date.now();
    if (this.#agent !== null) this.#agent.roundTripMs = performance.now() - this.#pingedAt;
  }

  #send(type: FrameType, message: Welcome | Ack | ErrorMessage | Command): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const now = process.hrtime.bigint();
    const header = {
      type,
      flags: 0,
      streamId: NO_STREAM,
      sequence: 0n,
      boottimeNs: now,
      realtimeNs: BigInt(Date.now()) * 1_000_000n,
      abiVersion: 0,
      recordBytes: 0,
      recordCount: 0,
    };
    this.#socket.send(encodeFrame(header, encodeMessage(message)));
  }
}

const streamIdOf = (frame: Frame): string => Buffer.from(frame.streamId).toString('hex');

function parse<T>(frame: Frame, kind: keyof typeof VALIDATORS): T {
  const code = kind === 'hello' ? 'hello_invalid' : 'message_invalid';
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(frame.payload));
  } catch (cause) {
    throw new CollectorError(code, `The payload of the ${kind} frame is not JSON in UTF-8.`, cause);
  }
  const validator: { Check(value: unknown): boolean; Errors(value: unknown): Iterable<ShapeError> } =
    VALIDATORS[kind];
  if (validator.Check(value)) return value as T;
  const [problem] = validator.Errors(value);
  throw new CollectorError(
    code,
    `The ${kind} frame does not have the right shape: ${problem?.instancePath || 'it'} ${problem?.message ?? ''}`,
  );
}

interface ShapeError {
  readonly instancePath: string;
  readonly message: string;
}
