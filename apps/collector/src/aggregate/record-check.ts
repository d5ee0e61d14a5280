// SPDX-License-Identifier: Apache-2.0
import {
  AddressFamily,
  CloseReason,
  ConnectionRecord as Field,
  type RecordColumns,
  RecordEvent,
  RecordKind,
  Reporter,
} from '@undermesh/bpf-abi';

/** Whether an event is the end of a connection end: what is stored and what "made" counts. */
export const isEnd = (event: number): boolean => event === RecordEvent.CLOSED || event === RecordEvent.FAILED;

/** Whether every enumerated member of a record is one this collector knows, and all fit together. */
export function isRecordValid(columns: RecordColumns, index: number): boolean {
  if (columns.u8(index, Field.kind) !== RecordKind.CONNECTION) return false;
  const reporter = columns.u8(index, Field.reporter);
  if (reporter !== Reporter.SOURCE && reporter !== Reporter.DESTINATION) return false;
  const family = columns.u8(index, Field.family);
  if (family < AddressFamily.IPV4 || family > AddressFamily.V4_MAPPED) return false;
  if (columns.u8(index, Field.engine) > 2) return false;
  const reason = columns.u8(index, Field.reason);
  switch (columns.u8(index, Field.event)) {
    case RecordEvent.OPENED:
    case RecordEvent.PROGRESS:
      return reason === CloseReason.NONE;
    case RecordEvent.CLOSED:
      return reason >= CloseReason.LOCAL_FIN && reason <= CloseReason.UNREACHABLE;
    case RecordEvent.FAILED:
      return reason >= CloseReason.REFUSED && reason <= CloseReason.CONNECT_UNREACHABLE;
    default:
      return false;
  }
}
