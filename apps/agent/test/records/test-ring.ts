// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord, HttpRecord } from '@undermesh/bpf-abi';
import type { RecordSource } from '../../src/records/drain.js';
import { recordWords } from '../identity/fixture-host.js';

/** A ring in memory. */
export class TestRing implements RecordSource {
  readonly sizeBytes = 1 << 20;
  readonly #records: Uint8Array[] = [];

  /** Writes records of one event. */
  write(event: number, count: number, flags = 1): void {
    const words = recordWords({ event, cgroupId: 1, pid: 4711, process: 'shop', flags });
    for (let i = 0; i < count; i++) this.#records.push(new Uint8Array(words.buffer));
  }

  /** Writes http records of so many samples each. */
  writeHttp(count: number, samples: number): void {
    const record = new Uint8Array(HttpRecord.BYTES);
    const words = recordWords({ event: 2, cgroupId: 1, pid: 4711, process: 'shop', flags: 1 });
    record.set(new Uint8Array(words.buffer));
    record[0] = 2;
    record[HttpRecord.sampleCount] = samples;
    for (let i = 0; i < count; i++) this.#records.push(record);
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
