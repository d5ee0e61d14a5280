// SPDX-License-Identifier: Apache-2.0
import { RecordEvent, RecordFlag } from '@undermesh/bpf-abi';
import type { ConnectionDetail, EndRecord } from '@undermesh/schema';
import {
  addressText,
  connectionOf,
  type EndPair,
  engineName,
  isoTime,
  REASON_NAMES,
  type WorkloadNames,
} from './connection-item.js';
import { isOver, type ReportedEnd } from './end.js';
import { protocolOf } from './protocol.js';

const EVENTS: Readonly<Record<number, EndRecord['event']>> = {
  [RecordEvent.OPENED]: 'opened',
  [RecordEvent.PROGRESS]: 'progress',
  [RecordEvent.CLOSED]: 'closed',
  [RecordEvent.FAILED]: 'failed',
};
const FAMILIES = ['ipv4', 'ipv4', 'ipv6', 'v4_mapped'] as const;
const FLAGS: ReadonlyArray<readonly [number, EndRecord['flags'][number]]> = [
  [RecordFlag.ESTABLISHED, 'established'],
  [RecordFlag.ANNOUNCED, 'announced'],
  [RecordFlag.ADOPTED, 'adopted'],
  [RecordFlag.REANNOUNCED, 'reannounced'],
  [RecordFlag.HALF_CLOSED, 'half_closed'],
  [RecordFlag.REPORTER_GUESSED, 'reporter_guessed'],
];

/** A connection with what each end wrote down, in full, and whether they agree. */
export const connectionDetail = (pair: EndPair, names: WorkloadNames): ConnectionDetail => ({
  connection: connectionOf(pair, names),
  ends: {
    source: pair.source === null ? null : endRecord(pair.source),
    destination: pair.destination === null ? null : endRecord(pair.destination),
  },
  agreement: agreementOf(pair),
});

const hex32 = (word: number): string => word.toString(16).padStart(8, '0');

/** One end's record in full. */
export function endRecord(end: ReportedEnd): EndRecord {
  const { value } = end;
  const joinable = value.clientIsn !== 0 || value.serverIsn !== 0;
  return {
    node: end.node,
    time: isoTime(end.timeNs),
    event: EVENTS[value.event] ?? 'closed',
    reason: REASON_NAMES[value.reason] ?? null,
    family: FAMILIES[value.family] ?? 'ipv4',
    engine: engineName(value.engine),
    flags: FLAGS.filter(([bit]) => (value.flags & bit) !== 0).map(([, name]) => name),
    localAddress: addressText(value.localAddress, value.family),
    localPort: value.localPort,
    peerAddress: addressText(value.peerAddress, value.family),
    peerPort: value.peerPort,
    originalAddress: addressText(value.originalAddress, value.family),
    originalPort: value.originalPort,
    socketCookie: value.socketCookie.toString(),
    cgroupId: value.cgroupId.toString(),
    netnsCookie: value.netnsCookie.toString(),
    process: value.process === '' ? null : value.process,
    pid: value.pid === 0 ? null : value.pid,
    sentBytes: Number(value.sentBytes),
    receivedBytes: Number(value.receivedBytes),
    retransmittedBytes: value.retransmittedBytes,
    segmentsSent: value.segmentsSent,
    segmentsReceived: value.segmentsReceived,
    retransmittedSegments: value.retransmittedSegments,
    lostSegments: value.lostSegments,
    deliveredSegments: value.deliveredSegments,
    connectUs: value.connectUs === 0 ? null : value.connectUs,
    smoothedRoundTripUs: value.srttUs === 0 ? null : value.srttUs,
    minimumRoundTripUs: value.minRttUs === 0 ? null : value.minRttUs,
    clientIsn: joinable ? hex32(value.clientIsn) : null,
    serverIsn: joinable ? hex32(value.serverIsn) : null,
    protocol: protocolOf(value.flags),
    streamId: end.streamId,
    frameSequence: end.frameSequence.toString(),
  };
}

/** Does each end count what the other counted? `null` unless both have reported. */
export function agreementOf({ source, destination }: EndPair): ConnectionDetail['agreement'] {
  if (source === null || destination === null) return null;
  if (!isOver(source.value.event) || !isOver(destination.value.event)) {
    return {
      bytes: false,
      detail: 'Still open at one end at least: the totals were read at different moments.',
    };
  }
  const differences: string[] = [];
  const compare = (sender: string, sent: bigint, received: bigint): void => {
    if (sent === received) return;
    const receiver = sender === 'source' ? 'destination' : 'source';
    differences.push(`the ${sender} sent ${sent} bytes and the ${receiver} received ${received}`);
  };
  compare('source', source.value.sentBytes, destination.value.receivedBytes);
  compare('destination', destination.value.sentBytes, source.value.receivedBytes);
  if (differences.length === 0) return { bytes: true, detail: 'Both ends agree on every byte.' };
  const text = differences.join('; ');
  return { bytes: false, detail: `${text.charAt(0).toUpperCase()}${text.slice(1)}.` };
}
