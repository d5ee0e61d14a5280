// SPDX-License-Identifier: Apache-2.0
//
// What it costs to read a record from a ring, by the ways to do it. Needs root, and `npm run build` before.
//   node bench/ring.bench.mjs
//
// A program fills the ring, the clock runs while it is read. Each figure is the best of several rounds, the
// spread beside it is from best to median; the ways take turns within a round.
import koffi from 'koffi';
import { openObject, RingBuffer } from '../dist/index.js';
import { setup } from '../test/compile-fixtures.mjs';

const ROUNDS = 300;
const SMALL = 24;
const LARGE = 192;
const RING_BYTES = 1 << 22;
/** What 200,000 records per second leave for a timer of 10 ms. */
const BATCH = 2_000;

setup();
withObject(openObject(new URL('../test/out/rings.bpf.o', import.meta.url).pathname), (object) => {
  object.setMaxEntries('records', RING_BYTES);
  object.load();
  const ring = new RingBuffer(object.map('records'));
  const knobs = new DataView(object.map('.bss').mmap().buffer);
  const fill = (count, largeEvery) => {
    knobs.setUint32(0, count, true);
    knobs.setUint32(4, largeEvery, true);
    object.program('fill').testRun();
  };

  const target = new Uint8Array(RING_BYTES);
  const sinks = [SMALL, LARGE].map((recordBytes) => ({
    recordBytes,
    target: new Uint8Array(RING_BYTES),
    records: 0,
  }));
  const native = nativeConsumer(object.map('records').fd);
  let sum = 0;

  /** @type {Record<string, (recordBytes: number) => number>} */
  const ways = {
    readRecords: (recordBytes) => ring.readRecords(target, recordBytes).records,
    'readBatch, two sinks': () => {
      for (const sink of sinks) sink.records = 0;
      return ring.readBatch(sinks).records;
    },
    'drain (callback per record, in place)': () =>
      ring.drain((_memory, offset, bytes) => {
        sum += offset + bytes;
      }),
    'libbpf ring_buffer__consume (koffi callback per record)': () => native(),
  };

  for (const [title, largeEvery, recordBytes, count] of [
    ['24-byte records', 0, SMALL, BATCH],
    ['192-byte records', 1, LARGE, BATCH],
    ['24 and 192 bytes, taking turns', 2, LARGE, BATCH],
  ]) {
    const times = new Map(Object.keys(ways).map((name) => [name, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, read] of Object.entries(ways)) {
        if (largeEvery === 2 && name.startsWith('readRecords')) continue;
        fill(count, largeEvery);
        const start = process.hrtime.bigint();
        const records = read(recordBytes);
        const ns = Number(process.hrtime.bigint() - start);
        if (records !== count) throw new Error(`${name} read ${records} of ${count} records`);
        times.get(name).push(ns / count);
      }
    }
    process.stdout.write(`\n${title}\n`);
    for (const [name, all] of times) {
      if (all.length === 0) continue;
      all.sort((a, b) => a - b);
      const median = all[all.length >> 1];
      process.stdout.write(
        `  ${name.padEnd(58)} ${all[0].toFixed(1).padStart(7)} ns/record (median ${median.toFixed(1)})\n`,
      );
    }
  }
  if (sum === 0) throw new Error('drain saw nothing');
  ring.close();
});

/** libbpf's own reader, called through koffi: what this package does without. */
function nativeConsumer(fd) {
  const lib = koffi.load('libbpf.so.1');
  const sample = koffi.proto('int', ['void *', 'void *', 'size_t']);
  let seen = 0;
  const callback = koffi.register(() => {
    seen++;
    return 0;
  }, koffi.pointer(sample));
  const create = lib.func('void *ring_buffer__new(int, void *, void *, void *)');
  const consume = lib.func('int ring_buffer__consume(void *)');
  const reader = create(fd, callback, null, null);
  return () => {
    seen = 0;
    consume(reader);
    return seen;
  };
}

function withObject(resource, work) {
  try {
    work(resource);
  } finally {
    resource.close();
  }
}
