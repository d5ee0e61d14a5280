// SPDX-License-Identifier: Apache-2.0
import {
  decodeHttpRecord,
  decodeHttpSample,
  HttpLimit,
  HttpRecord,
  HttpSample,
  RecordEvent,
} from '@undermesh/bpf-abi';
import { isSource, joinKey } from './end.js';
import type { StoredEnd } from './end-source.js';
import { isHttpMeasure, type Region, type RegionRequest, statusClass } from './latency-region.js';
import type { MemoryFrame } from './memory-frame.js';

interface Sample {
  readonly us: number;
  readonly class: number | null;
  readonly method: number | null;
}

/** Finds what lies in a region among frames that are kept whole, by looking at each of them. */
export function memoryRegion(
  frames: readonly MemoryFrame[],
  httpFrames: readonly MemoryFrame[],
  request: RegionRequest,
): Region {
  const searched = isHttpMeasure(request.measure) ? httpFrames : frames;
  const inTime = searched.flatMap((frame) =>
    frame.ends.filter((end) => isInTime(end, request)).map((end) => ({ frame, end })),
  );
  const otherOf = (end: StoredEnd): StoredEnd | undefined => {
    const key = joinKey(end.value);
    const isOther = (one: StoredEnd): boolean =>
      key !== 0n && joinKey(one.value) === key && one.value.reporter !== end.value.reporter;
    return inTime.find((one) => isOther(one.end))?.end;
  };
  const rows = inTime
    .map(({ frame, end }) => ({ frame, end, sides: sidesOf(end, otherOf(end)) }))
    .filter(({ end, sides }) => isAskedFor(end, sides, request));
  const sourced = new Set(rows.filter(({ end }) => isSource(end)).map(({ end }) => joinKey(end.value)));
  const isTaken = (end: StoredEnd): boolean => {
    if (request.reporter !== null) return isSource(end) === (request.reporter === 'source');
    const key = joinKey(end.value);
    return isSource(end) || key === 0n || !sourced.has(key);
  };
  const everything = [...frames, ...httpFrames].flatMap(({ ends }) => ends);
  const newest = (of: (end: StoredEnd) => boolean): StoredEnd | null =>
    everything
      .filter((end) => end.timeNs >= request.fromNs && of(end))
      .reduce<StoredEnd | null>((best, end) => {
        if (best === null || end.timeNs > best.timeNs) return end;
        return end.timeNs === best.timeNs && end.value.reason !== 0 ? end : best;
      }, null);
  const partnerOf = (end: StoredEnd): StoredEnd | null => {
    const key = joinKey(end.value);
    if (key === 0n) return null;
    return newest((other) => joinKey(other.value) === key && other.value.reporter !== end.value.reporter);
  };
  const inside = ({ us }: Sample): boolean =>
    (request.minUs === 0 || us > request.minUs) && us <= request.maxUs;
  const connections = new Map<
    string,
    { end: StoredEnd; requests: number; slowestUs: number; classes: number }
  >();
  const groups: Region['groups'][number][] = [];
  for (const { frame, end, sides } of rows) {
    if (!isTaken(end)) continue;
    const key = `${end.streamId}/${end.value.socketCookie}`;
    for (const sample of samplesOf(frame, end, request)) {
      groups.push({
        sourceNode: sides.source.node,
        destinationNode: sides.destination.node,
        destination: sides.destination.workload,
        port: isSource(end) ? end.value.peerPort : end.value.localPort,
        method: sample.method,
        status: sample.class,
        resent: end.value.retransmittedSegments > 0,
        inside: inside(sample) ? 1 : 0,
        outside: inside(sample) ? 0 : 1,
      });
      if (!inside(sample)) continue;
      const known = connections.get(key) ?? { end, requests: 0, slowestUs: 0, classes: 0 };
      known.requests++;
      known.slowestUs = Math.max(known.slowestUs, sample.us);
      known.classes |= sample.class === null ? 0 : 1 << sample.class;
      connections.set(key, known);
    }
  }
  const found = [...connections.values()].sort((a, b) => b.slowestUs - a.slowestUs);
  return {
    connections: found.slice(0, request.limit).map((one) => {
      const end =
        newest(
          (other) =>
            other.streamId === one.end.streamId && other.value.socketCookie === one.end.value.socketCookie,
        ) ?? one.end;
      return { ...one, end, partner: partnerOf(end) };
    }),
    matched: found.length,
    groups,
  };
}

interface RegionSide {
  readonly workload: number;
  readonly node: string | null;
}
interface RegionSides {
  readonly source: RegionSide;
  readonly destination: RegionSide;
}

/** Who is at the other side is what that side says of itself, where it has spoken. */
function sidesOf(end: StoredEnd, other: StoredEnd | undefined): RegionSides {
  const own = { workload: end.localWorkload, node: end.node };
  const peer = { workload: other?.localWorkload ?? end.peerWorkload, node: other?.node ?? null };
  return isSource(end) ? { source: own, destination: peer } : { source: peer, destination: own };
}

function isInTime(end: StoredEnd, { measure, fromNs, toNs }: RegionRequest): boolean {
  const time = measure === 'connect' ? end.openedNs : end.timeNs;
  return time >= fromNs && time < toNs && end.value.event !== RecordEvent.FAILED;
}

function isAskedFor(end: StoredEnd, { source, destination }: RegionSides, request: RegionRequest): boolean {
  const isOn = (node: string | null, nodes: ReadonlySet<string> | null): boolean =>
    nodes === null || (node !== null && nodes.has(node));
  const isOf = (workload: number, ids: readonly number[] | null): boolean =>
    !request.without.includes(workload) && (ids === null || ids.includes(workload));
  return (
    isOf(source.workload, request.sources) &&
    isOf(destination.workload, request.destinations) &&
    isOn(source.node, request.sourceNodes) &&
    isOn(destination.node, request.destinationNodes) &&
    isOn(end.node, request.nodes)
  );
}

function samplesOf({ batch }: MemoryFrame, end: StoredEnd, { measure, classes }: RegionRequest): Sample[] {
  const plain = (us: number): Sample[] => (us === 0 ? [] : [{ us, class: null, method: null }]);
  switch (measure) {
    case 'connect':
      return plain(end.value.connectUs);
    case 'round_trip':
      return plain(end.value.srttUs);
    case 'lifetime': {
      if (end.value.event !== RecordEvent.CLOSED) return [];
      const us = Number((end.timeNs - end.openedNs) / 1000n);
      return [{ us, class: null, method: null }];
    }
    case 'first_byte':
    case 'last_byte': {
      const at = end.key.position * batch.recordBytes;
      const { sampleCount } = decodeHttpRecord(batch.records, at);
      return Array.from({ length: sampleCount }, (_, n) =>
        decodeHttpSample(batch.records, at + HttpRecord.samples + n * HttpSample.BYTES),
      )
        .map(({ firstByteUs, lastByteUs, status, method }) => ({
          us: measure === 'first_byte' ? firstByteUs : lastByteUs,
          class: statusClass(status),
          method,
        }))
        .filter(
          (sample) =>
            sample.us !== HttpLimit.UNKNOWN_US && (classes === null || classes.includes(sample.class)),
        );
    }
  }
}
