// SPDX-License-Identifier: Apache-2.0
// Appends frames until it is killed; writes each acknowledged sequence to standard output. Arguments: directory, rows per frame, frames in flight.
import { writeSync } from 'node:fs';
import { ConnectionRecord as Field, RecordKind } from '@undermesh/bpf-abi';
import { DuckdbStore } from '../../dist/store/duckdb/duckdb-store.js';

const [directory, rows, flight] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const store = new DuckdbStore({
  directory,
  retentionSeconds: 1e9,
  lingerMs: 5,
  segmentBytes: 24 * 1024 ** 2,
});
await store.open();
const records = new Uint8Array(rows * Field.BYTES);
const view = new DataView(records.buffer);
for (let row = 0; row < rows; row++) {
  view.setUint8(row * Field.BYTES + Field.kind, RecordKind.CONNECTION);
  view.setUint8(row * Field.BYTES + Field.event, 3);
  view.setUint8(row * Field.BYTES + Field.reporter, 1);
  view.setBigUint64(row * Field.BYTES + Field.socketCookie, BigInt(row), true);
}
const ids = new Uint32Array(rows).fill(1);
const [position] = await store.positions();
let sequence = position?.sequence ?? 0n;
const append = async () => {
  for (;;) {
    const mine = ++sequence;
    await store.append({
      node: 'n',
      cluster: 'default',
      streamId: 'f'.repeat(32),
      sequence: mine,
      abiVersion: 1,
      recordBytes: Field.BYTES,
      count: rows,
      records,
      realtimeOffsetNs: 1_790_000_000_000_000_000n + mine * 1_000_000n,
      localWorkload: ids,
      peerWorkload: ids,
    });
    writeSync(1, `${mine}\n`);
  }
};
writeSync(1, `opened ${sequence}\n`);
await Promise.all(Array.from({ length: flight }, append));
