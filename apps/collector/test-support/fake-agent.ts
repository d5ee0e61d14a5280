// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { ABI_VERSION, ConnectionRecord } from '@undermesh/bpf-abi';
import type { TlsAccess } from '@undermesh/core';
import {
  type Ack,
  type Command,
  type Dictionary,
  decodeFrame,
  type EngineReport,
  type ErrorMessage,
  encodeFrame,
  encodeMessage,
  FRAME_TYPES,
  type FrameHeader,
  type FrameType,
  type Hello,
  type NativeReport,
  type Report,
  type Welcome,
} from '@undermesh/schema';
import { WebSocket } from 'ws';
import { boottimeNs } from './records.js';

export interface FakeAgentOptions {
  /** Of the collector, e.g. `http://127.0.0.1:7070`. */
  readonly url: string;
  /** Empty: none is sent. */
  readonly credential: string;
  /** With TLS: its certificate, whom it trusts. */
  readonly tls?: TlsAccess;
  readonly node: string;
  readonly cluster?: string;
  /** 16 bytes; random unless given. */
  readonly streamId?: Uint8Array;
  readonly instance?: string;
  /** Node's clock less ours, ms. */
  readonly clockSkewMs?: number;
}

/** How a connection ended. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
}

const OPENING_MS = 10_000;

/** An agent without a kernel: speaks the ingest protocol, and says whatever a test wants it to say. */
export class FakeAgent {
  readonly options: FakeAgentOptions;
  readonly streamId: Uint8Array;
  /** The last of each that came. */
  welcome: Welcome | null = null;
  ack: Ack | null = null;
  error: ErrorMessage | null = null;
  /** All that came, over all connections. */
  readonly commands: Command[] = [];
  ending: Ending | null = null;
  sequence = 0n;
  #socket: WebSocket | null = null;
  readonly #watchers = new Set<() => void>();

  constructor(options: FakeAgentOptions) {
    this.options = options;
    this.streamId = options.streamId ?? new Uint8Array(randomBytes(16));
  }

  get streamHex(): string {
    return Buffer.from(this.streamId).toString('hex');
  }

  /** Whether it may send. */
  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Opens the WebSocket only. Rejects when the upgrade is refused. */
  async open(): Promise<void> {
    const { url, credential, tls = {} } = this.options;
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ingest/v1`, {
      headers: credential === '' ? {} : { authorization: `Bearer ${credential}` },
      perMessageDeflate: false,
      ...tls,
    });
    this.#socket = socket;
    this.welcome = null;
    this.ack = null;
    this.error = null;
    this.ending = null;
    socket.on('message', (data: Buffer) => this.#receive(data));
    socket.on('close', (code, reason) => {
      this.ending = { code, reason: reason.toString() };
      this.#tell();
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
      socket.once('unexpected-response', (_, response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          body += part;
        });
        response.on('end', () => reject(new Error(`upgrade refused: ${response.statusCode} ${body}`)));
      });
    });
    socket.on('error', () => {});
  }

  /** Opens, says hello and waits for the welcome. */
  async connect(hello: Partial<Hello> = {}): Promise<Welcome> {
    await this.open();
    this.send(FRAME_TYPES.hello, {
      node: this.options.node,
      cluster: this.options.cluster ?? 'default',
      agentVersion: '0.0.0-fake',
      instance: this.options.instance ?? 'instance-1',
      bootId: 'boot-1',
      abiVersion: ABI_VERSION,
      ...hello,
    });
    await this.until(() => this.welcome !== null || this.ending !== null);
    if (this.welcome === null) throw new Error(`no welcome: ${this.error?.code} ${this.error?.message}`);
    return this.welcome;
  }

  /** Sends a control message. */
  send(type: FrameType, message: Hello | Dictionary | Report): void {
    this.sendRaw(encodeFrame(this.header({ type }), encodeMessage(message)));
  }

  dictionary(dictionary: Partial<Dictionary>): void {
    this.send(FRAME_TYPES.dictionary, {
      full: false,
      workloads: [],
      listeners: [],
      namespaces: [],
      ...dictionary,
    });
  }

  report(change: ReportChange = {}): void {
    this.send(FRAME_TYPES.report, fakeReport(change));
  }

  /** Sends one frame of records; returns its sequence. */
  records(records: readonly Uint8Array[], change: Partial<FrameHeader> = {}): bigint {
    const sequence = change.sequence ?? ++this.sequence;
    const payload = Buffer.concat(records);
    const recordBytes = records[0]?.byteLength ?? ConnectionRecord.BYTES;
    const header = this.header({
      type: FRAME_TYPES.records,
      abiVersion: ABI_VERSION,
      recordBytes,
      recordCount: records.length,
      ...change,
      sequence,
    });
    this.sendRaw(encodeFrame(header, payload));
    return sequence;
  }

  /** Sends any bytes. */
  sendRaw(message: Uint8Array | string): void {
    this.#socket?.send(message);
  }

  /** Sends records and waits until they are durable. */
  async deliver(records: readonly Uint8Array[], change: Partial<FrameHeader> = {}): Promise<void> {
    await this.acknowledged(this.records(records, change));
  }

  async acknowledged(sequence: bigint): Promise<void> {
    await this.until(() => this.ending !== null || BigInt(this.ack?.sequence ?? 0) >= sequence);
    if (BigInt(this.ack?.sequence ?? 0) < sequence) throw new Error(`hung up on: ${this.error?.code}`);
  }

  /** Waits for something that a message of the collector brings about. */
  async until(condition: () => boolean, timeoutMs = OPENING_MS): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#watchers.delete(watch);
        reject(new Error('waited for the collector in vain'));
      }, timeoutMs);
      const watch = (): void => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#watchers.delete(watch);
        resolve();
      };
      this.#watchers.add(watch);
    });
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    if (socket === null || socket.readyState === WebSocket.CLOSED) return;
    socket.close(1000);
    await this.until(() => this.ending !== null);
  }

  /** Goes away without a word. */
  kill(): void {
    this.#socket?.terminate();
  }

  header(change: Partial<FrameHeader> & { type: FrameType }): FrameHeader {
    const skewNs = BigInt(Math.round((this.options.clockSkewMs ?? 0) * 1e6));
    return {
      flags: 0,
      streamId: this.streamId,
      sequence: 0n,
      boottimeNs: boottimeNs(),
      realtimeNs: BigInt(Date.now()) * 1_000_000n + skewNs,
      abiVersion: 0,
      recordBytes: 0,
      recordCount: 0,
      ...change,
    };
  }

  #receive(data: Buffer): void {
    const frame = decodeFrame(data);
    const message: unknown = JSON.parse(Buffer.from(frame.payload).toString('utf8'));
    if (frame.type === FRAME_TYPES.welcome) this.welcome = message as Welcome;
    if (frame.type === FRAME_TYPES.ack) this.ack = message as Ack;
    if (frame.type === FRAME_TYPES.error) this.error = message as ErrorMessage;
    if (frame.type === FRAME_TYPES.command) this.commands.push(message as Command);
    this.#tell();
  }

  #tell(): void {
    for (const watch of [...this.#watchers]) watch();
  }
}

/** What of a report a test may want to be otherwise. */
export interface ReportChange {
  readonly made?: number;
  readonly waiting?: number;
  readonly lost?: Report['records']['lost'];
  readonly open?: number;
  readonly requests?: Report['requests'];
  readonly engine?: EngineReport;
  readonly native?: NativeReport;
}

/** A report of a node where nothing is out of the ordinary. */
export function fakeReport(change: ReportChange = {}): Report {
  return {
    kernel: { release: '6.12.0-fake', architecture: 'x64', features: { ring_buffer: true } },
    engine: change.engine ?? { desired: 'off', observed: 'off' },
    hooks: [],
    maps: [],
    records: { made: change.made ?? 0, lost: change.lost ?? {}, waiting: change.waiting ?? 0 },
    ...(change.requests === undefined ? {} : { requests: change.requests }),
    ...(change.native === undefined ? {} : { native: change.native }),
    connections: {
      open: change.open ?? 0,
      connects: 0,
      establishedSource: 0,
      establishedDestination: 0,
      skippedOtherAgent: 0,
    },
    ring: { sizeBytes: 4_194_304, filledBytes: 0, peakFilledBytes: 0 },
    helperErrors: [],
    agent: { startedAtMs: Date.now(), rssBytes: 1, cpuSeconds: 0, workloads: 0, listeners: 0 },
    scope: { cgroup: '/', wholeHost: true },
  };
}
