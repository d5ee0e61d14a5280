// SPDX-License-Identifier: Apache-2.0
import {
  AddressFamily,
  CloseReason,
  ConnectionRecord as Field,
  HttpLimit,
  HttpRecord,
  HttpSample,
  LegRecord,
  LegSample,
  type RecordColumns,
  RecordEvent,
  RecordKind,
  Reporter,
  sampleRoom,
} from '@undermesh/bpf-abi';

/** No clock of a node shows as much, ns: 73 years. Sums and differences of two such times fit 64 bits. */
export const MOST_CLOCK_NS = 1n << 61n;
const MOST_CLOCK_HIGH = Number(MOST_CLOCK_NS >> 32n);

/** Whether an event is the end of a connection end: what "made" counts. */
export const isEnd = (event: number): boolean => event === RecordEvent.CLOSED || event === RecordEvent.FAILED;

/** Whether a record holds requests. */
export const isHttp = (columns: RecordColumns, index: number): boolean =>
  columns.u8(index, Field.kind) === RecordKind.HTTP;

/** Whether a record is of a connect that the mesh refused: it went nowhere. */
export const isRefusal = (columns: RecordColumns, index: number): boolean =>
  columns.u8(index, Field.reason) >= CloseReason.NO_ENDPOINT;

/** Whether a record holds requests through a waypoint. */
export const isLeg = (columns: RecordColumns, index: number): boolean =>
  columns.u8(index, Field.kind) === RecordKind.LEG;

/** Whether a record is stored: ends, requests, and legs. */
export const isStored = (columns: RecordColumns, index: number): boolean =>
  isHttp(columns, index) || isLeg(columns, index) || isEnd(columns.u8(index, Field.event));

/** Whether every enumerated member of a record is one this collector knows, and all fit together. */
export function isRecordValid(columns: RecordColumns, index: number): boolean {
  const reporter = columns.u8(index, Field.reporter);
  if (reporter !== Reporter.SOURCE && reporter !== Reporter.DESTINATION) return false;
  const family = columns.u8(index, Field.family);
  if (family < AddressFamily.IPV4 || family > AddressFamily.V4_MAPPED) return false;
  if (columns.u8(index, Field.engine) > 2) return false;
  if (!areTimesSound(columns, index)) return false;
  const reason = columns.u8(index, Field.reason);
  const event = columns.u8(index, Field.event);
  switch (columns.u8(index, Field.kind)) {
    case RecordKind.CONNECTION:
      return isReasonOf(event, reason);
    case RecordKind.HTTP:
      return (
        sampleRoom(columns.recordBytes) > 0 &&
        event === RecordEvent.PROGRESS &&
        reason === CloseReason.NONE &&
        columns.u8(index, HttpRecord.sampleCount) <= sampleRoom(columns.recordBytes) &&
        haveStatuses(columns, index, HTTP_SAMPLES)
      );
    case RecordKind.LEG:
      return (
        columns.has(LegRecord.samples, LegRecord.BYTES - LegRecord.samples) &&
        event === RecordEvent.PROGRESS &&
        reason === CloseReason.NONE &&
        reporter === Reporter.DESTINATION &&
        isOnwardValid(columns, index) &&
        columns.u8(index, LegRecord.sampleCount) <= HttpLimit.SAMPLES &&
        haveStatuses(columns, index, LEG_SAMPLES)
      );
    default:
      return false;
  }
}

/** Whether a record was made after its connection was opened, and less than {@link MOST_CLOCK_NS} after the node was started. */
function areTimesSound(columns: RecordColumns, index: number): boolean {
  const time = columns.u32(index, Field.timeNs + 4);
  const opened = columns.u32(index, Field.openedNs + 4);
  if (time >= MOST_CLOCK_HIGH || opened > time) return false;
  return opened < time || columns.u32(index, Field.openedNs) <= columns.u32(index, Field.timeNs);
}

/** Where samples lie in a record, and their statuses in them. */
interface SamplePlaces {
  readonly count: number;
  readonly first: number;
  readonly bytes: number;
  readonly status: number;
}

const HTTP_SAMPLES: SamplePlaces = {
  count: HttpRecord.sampleCount,
  first: HttpRecord.samples,
  bytes: HttpSample.BYTES,
  status: HttpSample.status,
};
const LEG_SAMPLES: SamplePlaces = {
  count: LegRecord.sampleCount,
  first: LegRecord.samples,
  bytes: LegSample.BYTES,
  status: LegSample.status,
};

/** Whether the connection to the server is one, or there is none. */
function isOnwardValid(columns: RecordColumns, index: number): boolean {
  const kind = columns.u8(index, LegRecord.onward + Field.kind);
  if (kind === 0) return true;
  const family = columns.u8(index, LegRecord.onward + Field.family);
  return (
    kind === RecordKind.LEG &&
    columns.u8(index, LegRecord.onward + Field.reporter) === Reporter.SOURCE &&
    family >= AddressFamily.IPV4 &&
    family <= AddressFamily.V4_MAPPED
  );
}

/** Whether every sample has a status that HTTP knows, or none. */
function haveStatuses(columns: RecordColumns, index: number, of: SamplePlaces): boolean {
  const samples = columns.u8(index, of.count);
  for (let i = 0, at = of.first; i < samples; i++, at += of.bytes) {
    const status = columns.u16(index, at + of.status);
    if (status !== 0 && (status < 100 || status > 599)) return false;
  }
  return true;
}

/** Whether a record of this event may give this reason. */
function isReasonOf(event: number, reason: number): boolean {
  switch (event) {
    case RecordEvent.OPENED:
    case RecordEvent.PROGRESS:
      return reason === CloseReason.NONE;
    case RecordEvent.CLOSED:
      return reason >= CloseReason.LOCAL_FIN && reason <= CloseReason.UNREACHABLE;
    case RecordEvent.FAILED:
      return reason >= CloseReason.REFUSED && reason <= CloseReason.RATE_LIMITED;
    default:
      return false;
  }
}
