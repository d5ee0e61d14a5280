// SPDX-License-Identifier: Apache-2.0
import { HttpRecord, HttpSample, RecordKind } from './abi.generated.js';

/** Http records of ABI 2: eight samples that had no route. */
const BYTES_2 = 312;
const SAMPLE_BYTES_2 = 12;
const SAMPLES_2 = 8;

/** Bytes per record once {@link presentRecords} is through with them. @param kind of the records */
export const presentBytes = (kind: number, recordBytes: number): number =>
  kind === RecordKind.HTTP && recordBytes === BYTES_2 ? HttpRecord.BYTES : recordBytes;

/**
 * Writes records of one kind as the present ABI has them. Those of ABI 2 are told by their size, which no later ABI has;
 * all others are as they should be.
 * @param into holds as many records of {@link presentBytes}
 */
export function presentRecords(
  records: Uint8Array,
  { kind, recordBytes }: { readonly kind: number; readonly recordBytes: number },
  into: Uint8Array,
): void {
  if (presentBytes(kind, recordBytes) === recordBytes) {
    into.set(records);
    return;
  }
  into.fill(0);
  for (let from = 0, to = 0; from + BYTES_2 <= records.length; from += BYTES_2, to += HttpRecord.BYTES) {
    into.set(records.subarray(from, from + HttpRecord.samples), to);
    for (let n = 0; n < SAMPLES_2; n++) {
      const sample = from + HttpRecord.samples + n * SAMPLE_BYTES_2;
      into.set(
        records.subarray(sample, sample + SAMPLE_BYTES_2),
        to + HttpRecord.samples + n * HttpSample.BYTES,
      );
    }
  }
}
