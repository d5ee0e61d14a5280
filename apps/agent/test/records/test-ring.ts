// SPDX-License-Identifier: Apache-2.0
import { ConnectionRecord } from '@undermesh/bpf-abi';
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

  get availableBytes(): number {
    return this.#records.length * (ConnectionRecord.BYTES + 8);
  }

  readBatch(sinks: Parameters<RecordSource['readBatch']>[0]): ReturnType<RecordSource['readBatch']> {
    const [sink] = sinks;
    if (sink === undefined) return { records: 0, skipped: 0, stopped: 'empty' };
    const { target } = sink;
    let records = 0;
    for (;;) {
      const record = this.#records[0];
      if (record === undefined) return { records, skipped: 0, stopped: 'empty' };
      const at = sink.records * ConnectionRecord.BYTES;
      if (at + ConnectionRecord.BYTES > target.byteLength) return { records, skipped: 0, stopped: 'full' };
      this.#records.shift();
      target.set(record, at);
      sink.records++;
      records++;
    }
  }
}
