// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  ConnectionRecord,
  decodeHttpRecord,
  decodeHttpSample,
  HttpRecord,
  HttpSample,
  presentBytes,
  presentRecords,
  RecordKind,
} from '../src/index.js';

/** A record of ABI 2: what stands before the samples is as it is now. */
function record2(count: number): Uint8Array {
  const bytes = new Uint8Array(312);
  const view = new DataView(bytes.buffer);
  bytes[0] = RecordKind.HTTP;
  bytes[HttpRecord.sampleCount] = count;
  for (let n = 0, at: number = HttpRecord.samples; n < 8; n++, at += 12) {
    view.setUint32(at, 100 + n, true);
    view.setUint32(at + 4, 200 + n, true);
    view.setUint16(at + 8, 404, true);
    view.setUint8(at + 10, 3);
    view.setUint8(at + 11, n);
  }
  return bytes;
}

describe('records of ABI 2', () => {
  const http = { kind: RecordKind.HTTP, recordBytes: 312 };

  it('get samples without a route', () => {
    const old = new Uint8Array(624);
    old.set(record2(8));
    old.set(record2(5), 312);
    const bytes = presentBytes(RecordKind.HTTP, 312);
    expect(bytes).toBe(HttpRecord.BYTES);
    const now = new Uint8Array(2 * bytes);
    presentRecords(old, http, now);
    for (const [at, count] of [8, 5].entries()) {
      const record = decodeHttpRecord(now, at * bytes);
      expect(record.sampleCount).toBe(count);
      for (let n = 0; n < 8; n++)
        expect(decodeHttpSample(record.samples, n * HttpSample.BYTES)).toEqual({
          firstByteUs: 100 + n,
          lastByteUs: 200 + n,
          status: 404,
          method: 3,
          flags: n,
          route: 0,
        });
    }
  });

  it('leaves the rest of a record that is cut off', () => {
    const now = new Uint8Array(HttpRecord.BYTES);
    presentRecords(record2(8).subarray(0, 311), http, now);
    expect(now).toEqual(new Uint8Array(HttpRecord.BYTES));
  });

  it('are told by kind and size: all others are left as they are', () => {
    expect(presentBytes(RecordKind.CONNECTION, 312)).toBe(312);
    expect(presentBytes(RecordKind.HTTP, HttpRecord.BYTES)).toBe(HttpRecord.BYTES);
    const bytes = Uint8Array.from({ length: ConnectionRecord.BYTES }, (_, n) => n);
    const copy = new Uint8Array(bytes.length);
    presentRecords(bytes, { kind: RecordKind.CONNECTION, recordBytes: ConnectionRecord.BYTES }, copy);
    expect(copy).toEqual(bytes);
  });
});
