// SPDX-License-Identifier: Apache-2.0
import { HttpLimit, HttpLongRecord, HttpRecord } from './abi.generated.js';

/** The sizes that http records have. What stands before their samples is the same in both. */
export const HTTP_RECORD_SIZES = [HttpRecord.BYTES, HttpLongRecord.BYTES] as const;

/** How many samples an http record of this size has room for; 0: http records have other sizes. */
export function sampleRoom(recordBytes: number): number {
  if (recordBytes === HttpRecord.BYTES) return HttpLimit.SAMPLES;
  return recordBytes === HttpLongRecord.BYTES ? HttpLimit.LONG_SAMPLES : 0;
}
