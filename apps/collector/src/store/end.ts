// SPDX-License-Identifier: Apache-2.0
import {
  type ConnectionRecordValue,
  decodeConnectionRecord,
  RecordEvent,
  Reporter,
} from '@undermesh/bpf-abi';
import type { OpenEnd } from '../aggregate/open-connections.js';

/** Ends of one connection whose records lie further apart than this are shown alone, each marked by its reporter. */
export const JOIN_WINDOW_NS = 120_000_000_000n;

/** One end of one connection as it was reported: the record, and what the collector knows about it. */
export interface ReportedEnd {
  readonly node: string;
  readonly streamId: string;
  readonly frameSequence: bigint;
  readonly value: ConnectionRecordValue;
  /** When the record was made, Unix ns. */
  readonly timeNs: bigint;
  /** Unix ns. */
  readonly openedNs: bigint;
  readonly localWorkload: number;
  readonly peerWorkload: number;
  /** When the record of an open end reached the collector, Unix ms; `null` for ends that are over. */
  readonly updatedAtMs: number | null;
}

/** A record with what its frame says. {@link OpenEnd} is one. */
export type RecordSource = Omit<OpenEnd, 'partner' | 'recordBytes' | 'cluster' | 'updatedAtMs'>;

/** Decodes a record of the present or a shorter layout; members it lacks become 0. */
export function reportedEnd(source: RecordSource, updatedAtMs: number | null = null): ReportedEnd {
  const value = decodeConnectionRecord(source.record);
  return {
    node: source.node,
    streamId: source.streamId,
    frameSequence: source.frameSequence,
    value,
    timeNs: BigInt.asIntN(64, value.timeNs + source.realtimeOffsetNs),
    openedNs: BigInt.asIntN(64, value.openedNs + source.realtimeOffsetNs),
    localWorkload: source.localWorkload,
    peerWorkload: source.peerWorkload,
    updatedAtMs,
  };
}

/** What both ends of a connection have in common (client and server ISN); 0 when it cannot be joined. */
export const joinKey = (value: Pick<ConnectionRecordValue, 'clientIsn' | 'serverIsn'>): bigint =>
  (BigInt(value.clientIsn) << 32n) | BigInt(value.serverIsn);

export const isSource = (end: ReportedEnd): boolean => end.value.reporter === Reporter.SOURCE;

export const isOver = (event: number): boolean =>
  event === RecordEvent.CLOSED || event === RecordEvent.FAILED;

/** Whether two ends that share a {@link joinKey} are close enough in time to be one connection. */
export function isWithinJoinWindow(a: bigint, b: bigint): boolean {
  const apart = a > b ? a - b : b - a;
  return apart <= JOIN_WINDOW_NS;
}
