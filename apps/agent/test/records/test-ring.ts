// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord, HttpLimit, HttpLongRecord, HttpRecord } from '@undermesh/bpf-abi';
import type { RecordSource } from '../../src/records/drain.js';
import { recordWords } from '../identity/fixture-host.js';

/** A ring in memory. */
export class TestRing implements RecordSource {
  readonly sizeBytes = 1 << 20;
  readonly #records: Uint8Array[] = [];
  #timeNs = 0n;

  /** Writes records of one event. */
  write(event: number, count: number, flags = 1): void {
    const words = recordWords({ event, cgroupId: 1, pid: 4711, process: 'shop', flags });
    for (let i = 0; i < count; i++) this.#records.push(new Uint8Array(words.buffer));
  }

  /** Writes http records of so many samples each, of the size that these need, each made later than those before. */
  writeHttp(count: number, samples: number): void {
    const isLong = samples > HttpLimit.SAMPLES;
    const bytes = new Uint8Array(isLong ? HttpLongRecord.BYTES : HttpRecord.BYTES);
    const words = recordWords({ event: 2, cgroupId: 1, pid: 4711, process: 'shop', flags: 1 });
    bytes.set(new Uint8Array(words.buffer));
    bytes[0] = 2;
    bytes[HttpRecord.sampleCount] = samples;
    for (let i = 0; i < count; i++) {
      const record = bytes.slice();
      new DataView(record.buffer).setBigUint64(ConnectionRecord.timeNs, ++this.#timeNs, true);
      this.#records.push(record);
    }
  }

  get availableBytes(): number {
    return this.#records.length * (ConnectionRecord.BYTES + 8);
  }

  readBatch(sinks: Parameters<RecordSource['readBatch']>[0]): ReturnType<RecordSource['readBatch']> {
    let records = 0;
    for (;;) {
      const record = this.#records[0];
      if (record === undefined) return { records, skipped: 0, stopped: 'empty' };
      const sink = sinks.find(({ recordBytes }) => recordBytes === record.byteLength);
      if (sink === undefined) throw new Error(`no sink for records of ${record.byteLength} bytes`);
      const at = sink.records * sink.recordBytes;
      if (at + sink.recordBytes > sink.target.byteLength) return { records, skipped: 0, stopped: 'full' };
      this.#records.shift();
      sink.target.set(record, at);
      sink.records++;
      records++;
    }
  }
}
