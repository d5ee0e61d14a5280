// SPDX-License-Identifier: Apache-2.0
import { Backoff, type Logger, messageOf, UndermeshError } from '@undermesh/core';
import {
  type Command,
  type Dictionary,
  encodeFrame,
  encodeMessage,
  FRAME_TYPES,
  type FrameType,
  type Hello,
  type Report,
  type Welcome,
} from '@undermesh/schema';
import { type RawData, WebSocket } from 'ws';
import { agentError } from '../errors.js';
import type { Backlog } from '../records/backlog.js';
import type { ClockPair } from '../records/frame-builder.js';
import { distrust } from '../tls/certify.js';
import type { UplinkAccess } from './access.js';
import { answersPing, closed } from './ending.js';
import { decodeIncoming } from './incoming.js';
import { dial, HANDSHAKE_MS, opened } from './opening.js';

/** What explains the numbers of record frames: whole after a welcome, in pieces that fit frames. */
export interface DictionarySource {
  whole(): Dictionary[];
  /** What changed since the last call of either. */
  changes(): Dictionary[];
}

/** What an uplink works with. */
export interface UplinkOptions {
  readonly url: string;
  /** Asked at every connect. May fail: that is tried again as well. */
  readonly access: () => UplinkAccess | Promise<UplinkAccess>;
  /** The collector refuses, under this code, what came by this right. */
  readonly onRefused?: (code: string, access: UplinkAccess) => void;
  /** Asked at every connect. */
  readonly hello: () => Hello;
  readonly streamId: Uint8Array;
  readonly backlog: Backlog;
  readonly dictionary: DictionarySource;
  readonly clock: () => ClockPair;
  /** A collector without memory of this agent: what is open must be announced again. */
  readonly onNewCollector: () => void;
  /** An order came; `collectorNowMs` is Unix time by the collector's clock. */
  readonly onCommand: (command: Command, collectorNowMs: number) => void;
  readonly maxBackoffMs: number;
  readonly log: Logger;
  /** How long the collector may be silent, ms; default 15,000. */
  readonly silenceMs?: number;
}

/** Where the connection to the collector stands. */
export type UplinkState = 'stopped' | 'waiting' | 'connecting' | 'welcomed';

/**
 * The agent's connection to the collector: hello, welcome, whole dictionary, then records within credits until they
 * are acknowledged. Connects again for ever; what is not acknowledged is sent again.
 */
export class Uplink {
  readonly #options: UplinkOptions;
  readonly #backoff: Backoff;
  #state: UplinkState = 'stopped';
  #socket: WebSocket | undefined;
  /** By what right it was made. */
  #access: UplinkAccess = {};
  #timer: NodeJS.Timeout | undefined;
  #watch: NodeJS.Timeout | undefined;
  #credits = 0;
  #collectorId: string | undefined;
  /** The collector's clock less ours. */
  #clockAheadMs = 0;
  #heardMs = 0;
  #welcomes = 0;
  #takesLegs = true;
  #reconnects = 0;
  #framesSent = 0;
  #bytesSent = 0;
  #problem: string | undefined;
  /** Rises with every connect: what belongs to an earlier one is over. */
  #attempt = 0;

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.maxBackoffMs);
  }

  get state(): UplinkState {
    return this.#state;
  }

  /** How often a collector welcomed this agent. */
  get welcomes(): number {
    return this.#welcomes;
  }

  /** Whether the collector knows leg records; true until one says otherwise. */
  get takesLegs(): boolean {
    return this.#takesLegs;
  }

  get reconnects(): number {
    return this.#reconnects;
  }

  get framesSent(): number {
    return this.#framesSent;
  }

  get bytesSent(): number {
    return this.#bytesSent;
  }

  /** Record frames that may be in flight. */
  get credits(): number {
    return this.#credits;
  }

  /** Why there is no connection; `undefined` while there is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Whether a record frame made now would leave at once. */
  get ready(): boolean {
    const { backlog } = this.#options;
    return this.#state === 'welcomed' && backlog.unsent === 0 && backlog.inFlight < this.#credits;
  }

  start(): void {
    if (this.#state !== 'stopped') return;
    this.#connect();
  }

  /** Sends what may be sent: changes of the dictionary, then records within credits. */
  pump(): void {
    if (this.#state !== 'welcomed') return;
    const { backlog, dictionary } = this.#options;
    for (const part of dictionary.changes()) this.#sendMessage(FRAME_TYPES.dictionary, part);
    while (backlog.inFlight < this.#credits) {
      const message = backlog.take();
      if (message === undefined) return;
      this.#send(message);
    }
  }

  /** Sends a report; without a connection it is dropped, as the next one says the same and more. */
  report(report: Report): void {
    if (this.#state === 'welcomed') this.#sendMessage(FRAME_TYPES.report, report);
  }

  /** Waits until everything is acknowledged or the time is over; true when it is. */
  async flush(timeoutMs: number): Promise<boolean> {
    const { backlog } = this.#options;
    const until = performance.now() + timeoutMs;
    for (;;) {
      this.pump();
      if (backlog.frames === 0) return true;
      if (performance.now() >= until || this.#state === 'stopped') return false;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Whether the collector has taken in everything that was sent so far: a ping came back that was sent after it. */
  confirm(timeoutMs: number): Promise<boolean> {
    const socket = this.#socket;
    if (this.#state !== 'welcomed' || socket === undefined) return Promise.resolve(false);
    return answersPing(socket, timeoutMs);
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) await closed(socket);
  }

  /**
   * Goes over to a connection that is made with what `access` gives by now; the one that there is serves until the other is
   * open. Does nothing where there is none. Rejects with why there is no other: then the one that there is goes on.
   */
  async renew(): Promise<void> {
    const former = this.#socket;
    if (this.#state !== 'welcomed' || former === undefined) return;
    const access = await this.#options.access();
    const socket = this.#dial(access);
    try {
      await opened(socket);
    } catch (error) {
      socket.terminate();
      throw this.#reasonOf(error);
    }
    if (this.#socket !== former || this.#state !== 'welcomed') {
      // It broke meanwhile, and another was made; or all is over.
      socket.terminate();
      return;
    }
    this.#state = 'connecting';
    this.#credits = 0;
    this.#follow(socket, access);
    this.#opened(socket);
    // The collector ends the former one at the hello of this one; if it does not, we do.
    setTimeout(() => former.terminate(), HANDSHAKE_MS).unref();
  }

  #connect(): void {
    this.#state = 'connecting';
    const attempt = ++this.#attempt;
    const isOver = (): boolean => attempt !== this.#attempt || this.#state === 'stopped';
    void Promise.resolve()
      .then(() => this.#options.access())
      .then(
        (access) => {
          if (!isOver()) this.#follow(this.#dial(access), access);
        },
        (error: unknown) => {
          if (!isOver()) this.#retry(error);
        },
      );
  }

  #dial(access: UplinkAccess): WebSocket {
    const { url, onRefused } = this.#options;
    return dial({ url, access, onRefused: (code) => onRefused?.(code, access) });
  }

  #follow(socket: WebSocket, access: UplinkAccess): void {
    this.#socket = socket;
    this.#access = access;
    this.#heardMs = performance.now();
    socket.on('open', () => this.#opened(socket));
    socket.on('message', (data, binary) => this.#received(socket, data, binary));
    socket.on('pong', () => {
      this.#heardMs = performance.now();
    });
    socket.on('error', (error) => this.#retry(this.#reasonOf(error), socket));
    socket.on('close', (code, reason) => {
      this.#retry(new Error(`the connection was closed (${code} ${reason})`.replace(' )', ')')), socket);
    });
  }

  #reasonOf(error: unknown): unknown {
    return distrust(error, new URL(this.#options.url).host) ?? error;
  }

  #opened(socket: WebSocket): void {
    if (socket !== this.#socket) return;
    try {
      this.#sendMessage(FRAME_TYPES.hello, this.#options.hello());
    } catch (error) {
      // What is in force is read from the kernel for it.
      this.#retry(error, socket);
      return;
    }
    const silenceMs = this.#options.silenceMs ?? 15_000;
    clearInterval(this.#watch);
    this.#watch = setInterval(() => {
      const silent = performance.now() - this.#heardMs;
      const limit = this.#state === 'welcomed' ? silenceMs : HANDSHAKE_MS;
      if (silent > limit)
        this.#retry(new Error(`the collector was silent for ${Math.round(silent)} ms`), socket);
      else if (silent > limit / 3 && socket.readyState === WebSocket.OPEN) socket.ping();
    }, Math.min(silenceMs, HANDSHAKE_MS) / 2);
    this.#watch.unref();
  }

  #received(socket: WebSocket, data: RawData, binary: boolean): void {
    if (socket !== this.#socket) return;
    this.#heardMs = performance.now();
    try {
      if (!binary || !Buffer.isBuffer(data)) {
        throw agentError('uplink_protocol', 'The collector sent text where frames are expected.');
      }
      const incoming = decodeIncoming(data);
      switch (incoming.type) {
        case 'welcome':
          this.#clockAheadMs = incoming.collectorNowMs - Date.now();
          this.#welcomed(incoming.welcome);
          break;
        case 'ack':
          this.#acknowledged(BigInt(incoming.ack.sequence));
          this.#credits = incoming.ack.credits;
          this.pump();
          break;
        case 'command':
          this.#options.onCommand(incoming.command, Date.now() + this.#clockAheadMs);
          break;
        case 'error': {
          const { code, message } = incoming.error;
          this.#options.onRefused?.(code, this.#access);
          throw new UndermeshError({ code, message: `The collector ends the connection: ${message}` });
        }
      }
    } catch (error) {
      this.#retry(error, socket);
    }
  }

  #welcomed(welcome: Welcome): void {
    if (this.#state !== 'connecting')
      throw agentError('uplink_protocol', 'The collector sent a second welcome.');
    const { backlog, dictionary, log, onNewCollector } = this.#options;
    const { collectorId, collectorVersion, credits } = welcome;
    this.#acknowledged(BigInt(welcome.acknowledged));
    backlog.rewind();
    this.#credits = credits;
    this.#takesLegs = welcome.legs === true;
    this.#state = 'welcomed';
    this.#welcomes++;
    this.#problem = undefined;
    this.#backoff.reset();
    log.info(
      { collectorId, collectorVersion, credits, frames: backlog.frames },
      'connected to the collector',
    );
    for (const part of dictionary.whole()) this.#sendMessage(FRAME_TYPES.dictionary, part);
    if (this.#collectorId !== undefined && this.#collectorId !== collectorId) onNewCollector();
    this.#collectorId = collectorId;
    this.pump();
  }

  #acknowledged(sequence: bigint): void {
    const { backlog } = this.#options;
    if (backlog.acknowledge(sequence)) return;
    throw agentError(
      'uplink_protocol',
      `The collector acknowledged frame ${sequence}; the newest is ${backlog.lastSequence}.`,
    );
  }

  #sendMessage(type: FrameType, message: Hello | Dictionary | Report): void {
    const { streamId, clock } = this.#options;
    const { boottime: boottimeNs, realtime: realtimeNs } = clock();
    const header = { type, flags: 0, streamId, sequence: 0n, boottimeNs, realtimeNs };
    this.#send(
      encodeFrame({ ...header, abiVersion: 0, recordBytes: 0, recordCount: 0 }, encodeMessage(message)),
    );
  }

  #send(message: Uint8Array): void {
    this.#framesSent++;
    this.#bytesSent += message.byteLength;
    this.#socket?.send(message);
  }

  /** Ends this connection and begins another a little later. Later events of the old one are ignored. */
  #retry(reason: unknown, socket?: WebSocket): void {
    if (this.#state === 'stopped' || (socket !== undefined && socket !== this.#socket)) return;
    const { log, url } = this.#options;
    const code = reason instanceof UndermeshError ? reason.code : undefined;
    const problem = messageOf(reason);
    const pauseMs = Math.round(this.#backoff.next());
    // One line per new problem: a collector that is away for an hour is no news.
    if (problem !== this.#problem)
      log.warn({ url, code, problem, pauseMs }, 'no connection to the collector');
    else log.debug({ url, code, problem, pauseMs }, 'no connection to the collector');
    this.#problem = problem;
    this.#socket = undefined;
    clearInterval(this.#watch);
    socket?.terminate();
    this.#state = 'waiting';
    this.#credits = 0;
    this.#reconnects++;
    this.#timer = setTimeout(() => this.#connect(), pauseMs);
  }
}
