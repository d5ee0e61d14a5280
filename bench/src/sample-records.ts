// SPDX-License-Identifier: Apache-2.0
import {
  AddressFamily,
  CloseReason,
  type ConnectionRecordValue,
  Engine,
  RecordFlag,
  RecordKind,
  Reporter,
} from '@undermesh/bpf-abi';

/** What tells one sample record from another. */
export interface Sample {
  readonly event: number;
  readonly reporter: number;
  readonly cgroupId: bigint;
  readonly pid: number;
  /** Number of the connection: both of its ends have the same. */
  readonly connection: number;
  /** Which client connected to which server: numbers from 0. Each is alone in a network namespace. */
  readonly client: number;
  readonly server: number;
}

export const SERVER_PORT = 8080;
const SECOND = 1_000_000_000n;

/** Address and namespace of a client or a server. */
export const placeOf = (kind: 'client' | 'server', number: number) => {
  const third = kind === 'client' ? 1 : 2;
  return { address: [10, 99, third, 1 + number], netnsCookie: BigInt(1_000 * third + number) };
};

/** A record as a short HTTP connection within a cluster leaves it. */
export function sampleRecord(sample: Sample): ConnectionRecordValue {
  const { event, reporter, cgroupId, pid, connection } = sample;
  const client = placeOf('client', sample.client);
  const server = placeOf('server', sample.server);
  const source = reporter === Reporter.SOURCE;
  const address = (bytes: number[]) => Uint8Array.from([...bytes, ...new Array<number>(12).fill(0)]);
  const local = address(source ? client.address : server.address);
  const peer = address(source ? server.address : client.address);
  const clientPort = 1_024 + (connection % 60_000);
  const now = BigInt(connection) * 1_000n + 100n * SECOND;
  return {
    kind: RecordKind.CONNECTION,
    event,
    reporter,
    family: AddressFamily.IPV4,
    reason: source ? CloseReason.LOCAL_FIN : CloseReason.PEER_FIN,
    engine: Engine.OFF,
    flags: RecordFlag.ESTABLISHED,
    timeNs: now,
    openedNs: now - 1_500_000n,
    socketCookie: BigInt(connection) * 2n + BigInt(reporter),
    cgroupId,
    netnsCookie: source ? client.netnsCookie : server.netnsCookie,
    sentBytes: source ? 320n : 4_096n,
    receivedBytes: source ? 4_096n : 320n,
    localAddress: local,
    peerAddress: peer,
    originalAddress: peer,
    process: source ? 'client' : 'server',
    connectUs: source ? 150 : 0,
    clientIsn: (Math.imul(connection, 2_654_435_761) >>> 0) | 1,
    serverIsn: (Math.imul(connection, 2_246_822_519) >>> 0) | 1,
    pid,
    workloadId: 0,
    serviceId: 0,
    srttUs: 180 + (connection % 100),
    minRttUs: 150,
    segmentsSent: 6,
    segmentsReceived: 6,
    retransmittedSegments: 0,
    lostSegments: 0,
    deliveredSegments: 5,
    retransmittedBytes: 0,
    localPort: source ? clientPort : SERVER_PORT,
    peerPort: source ? SERVER_PORT : clientPort,
    originalPort: source ? SERVER_PORT : clientPort,
    generation: 0,
  };
}
