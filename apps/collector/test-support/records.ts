// SPDX-License-Identifier: Apache-2.0
import {
  AddressFamily,
  CloseReason,
  type ConnectionRecordValue,
  encodeConnectionRecord,
  encodeHttpLongRecord,
  encodeHttpRecord,
  encodeHttpSample,
  HttpLimit,
  HttpMethod,
  type HttpRecordValue,
  HttpSample,
  type HttpSampleValue,
  RecordEvent,
  RecordFlag,
  RecordKind,
  Reporter,
} from '@undermesh/bpf-abi';

/** An address and port, and the agent's number of the workload behind it. */
export interface Peer {
  /** Textual IPv4. */
  readonly address: string;
  readonly port: number;
  readonly workload: number;
  /** Default 1. */
  readonly netns?: bigint;
}

export interface ConnectionOptions {
  readonly client: Peer;
  readonly server: Peer;
  /** Boottime of the opening, ns; default now. */
  readonly openedNs?: bigint;
  readonly lifetimeMs?: number;
  readonly sentBytes?: number;
  readonly receivedBytes?: number;
  readonly clientIsn?: number;
  readonly serverIsn?: number;
}

const ipv4 = (address: string): Uint8Array => {
  const bytes = new Uint8Array(16);
  bytes.set(address.split('.').map(Number));
  return bytes;
};

let lastCookie = 1000n;

/** The boottime of this machine, roughly: what fake agents use as theirs. */
export const boottimeNs = (): bigint => process.hrtime.bigint();

const ANSWERED: HttpSampleValue = {
  firstByteUs: 1000,
  lastByteUs: 2000,
  status: 200,
  method: HttpMethod.GET,
  flags: 0,
  route: 0,
};

/** One TCP connection as its two ends record it. */
export class FakeConnection {
  readonly #options: Required<ConnectionOptions>;
  readonly #cookies = { source: ++lastCookie, destination: ++lastCookie };

  constructor(options: ConnectionOptions) {
    this.#options = {
      openedNs: boottimeNs(),
      lifetimeMs: 5,
      sentBytes: 100,
      receivedBytes: 2000,
      clientIsn: (Math.random() * 0xffffffff) >>> 0,
      serverIsn: (Math.random() * 0xffffffff) >>> 0,
      ...options,
    };
  }

  /** Record of one end; `change` overrides any member. */
  record(
    side: 'source' | 'destination',
    event: number,
    change: Partial<ConnectionRecordValue> = {},
  ): Uint8Array {
    const { client, server, openedNs, lifetimeMs, sentBytes, receivedBytes, clientIsn, serverIsn } =
      this.#options;
    const isSource = side === 'source';
    const [local, peer] = isSource ? [client, server] : [server, client];
    const failed = event === RecordEvent.FAILED;
    const isOver = failed || event === RecordEvent.CLOSED;
    const value: ConnectionRecordValue = {
      kind: RecordKind.CONNECTION,
      event,
      reporter: isSource ? Reporter.SOURCE : Reporter.DESTINATION,
      family: AddressFamily.IPV4,
      reason: failed
        ? CloseReason.REFUSED
        : isOver
          ? isSource
            ? CloseReason.LOCAL_FIN
            : CloseReason.PEER_FIN
          : CloseReason.NONE,
      engine: 0,
      flags: failed ? 0 : RecordFlag.ESTABLISHED,
      timeNs: openedNs + (isOver ? BigInt(Math.round(lifetimeMs * 1e6)) : 0n),
      openedNs,
      socketCookie: this.#cookies[side],
      cgroupId: 42n,
      netnsCookie: local.netns ?? 1n,
      sentBytes: failed ? 0n : BigInt(isSource ? sentBytes : receivedBytes),
      receivedBytes: failed ? 0n : BigInt(isSource ? receivedBytes : sentBytes),
      localAddress: ipv4(local.address),
      peerAddress: ipv4(peer.address),
      originalAddress: ipv4(peer.address),
      process: isSource ? 'client' : 'server',
      connectUs: isSource && !failed ? 120 : 0,
      clientIsn: failed ? 0 : clientIsn,
      serverIsn: failed ? 0 : serverIsn,
      pid: 4242,
      workloadId: local.workload,
      serviceId: 0,
      srttUs: failed ? 0 : 200,
      minRttUs: failed ? 0 : 100,
      segmentsSent: 6,
      segmentsReceived: 5,
      retransmittedSegments: 0,
      lostSegments: 0,
      deliveredSegments: 5,
      retransmittedBytes: 0,
      localPort: local.port,
      peerPort: peer.port,
      originalPort: peer.port,
      generation: 0,
    };
    return encodeConnectionRecord({ ...value, ...change });
  }

  opened(side: 'source' | 'destination', change: Partial<ConnectionRecordValue> = {}): Uint8Array {
    return this.record(side, RecordEvent.OPENED, { sentBytes: 0n, receivedBytes: 0n, ...change });
  }

  progress(side: 'source' | 'destination', change: Partial<ConnectionRecordValue> = {}): Uint8Array {
    return this.record(side, RecordEvent.PROGRESS, change);
  }

  closed(side: 'source' | 'destination', change: Partial<ConnectionRecordValue> = {}): Uint8Array {
    return this.record(side, RecordEvent.CLOSED, change);
  }

  /** An http record of one end, of the size that its requests need. `change` overrides members behind the connection's. */
  http(
    side: 'source' | 'destination',
    samples: readonly Partial<HttpSampleValue>[],
    change: Partial<HttpRecordValue> & { readonly front?: Partial<ConnectionRecordValue> } = {},
  ): Uint8Array {
    const { front, ...rest } = change;
    const isLong = samples.length > HttpLimit.SAMPLES;
    const room = isLong ? HttpLimit.LONG_SAMPLES : HttpLimit.SAMPLES;
    const bytes = new Uint8Array(room * HttpSample.BYTES);
    for (const [at, sample] of samples.entries()) {
      bytes.set(encodeHttpSample({ ...ANSWERED, ...sample }), at * HttpSample.BYTES);
    }
    const encode = isLong ? encodeHttpLongRecord : encodeHttpRecord;
    return encode({
      connection: this.record(side, RecordEvent.PROGRESS, {
        kind: RecordKind.HTTP,
        flags: RecordFlag.ESTABLISHED | RecordFlag.HTTP1,
        ...front,
      }),
      requestBytes: BigInt(100 * samples.length),
      responseBytes: BigInt(1000 * samples.length),
      lostRequests: 0,
      sampleCount: samples.length,
      reserved: new Uint8Array(3),
      samples: bytes,
      ...rest,
    });
  }

  failed(change: Partial<ConnectionRecordValue> = {}): Uint8Array {
    return this.record('source', RecordEvent.FAILED, change);
  }
}
