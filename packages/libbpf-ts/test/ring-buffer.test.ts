// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { BpfMap, type BpfObject, RingBuffer } from '../src/index.js';
import { describeAsRoot, loadFixture, thrownBy } from './support.js';

const SMALL = 24;
const LARGE = 192;

interface Plan {
  readonly count: number;
  readonly largeEvery?: number;
  readonly discardEvery?: number;
  readonly odd?: boolean;
}

/** The fixture's ring with its knobs: .bss holds plan {count, large_every, discard_every, odd}, sequence, lost. */
function openRing(bytes = 1 << 16) {
  const object: BpfObject = loadFixture('rings', (opened) => opened.setMaxEntries('records', bytes));
  const ring = new RingBuffer(object.map('records'));
  const bss = object.map('.bss').mmap();
  const knobs = new DataView(bss.buffer);
  const variables = bssOffsets();
  return {
    object,
    ring,
    fill({ count, largeEvery = 0, discardEvery = 0, odd = false }: Plan) {
      [count, largeEvery, discardEvery, odd ? 1 : 0].forEach((value, i) => {
        knobs.setUint32(variables.plan + 4 * i, value, true);
      });
      object.program('fill').testRun();
    },
    get made() {
      return Number(knobs.getBigUint64(variables.sequence, true));
    },
    get lost() {
      return Number(knobs.getBigUint64(variables.lost, true));
    },
  };
}

/** clang places the three by itself; the fixture keeps them apart by size and this order. */
function bssOffsets() {
  return { plan: 0, sequence: 16, lost: 24 };
}

function sequences(target: Uint8Array, recordBytes: number, records: number): number[] {
  const view = new DataView(target.buffer, target.byteOffset);
  return Array.from({ length: records }, (_, i) => Number(view.getBigUint64(i * recordBytes, true)));
}

/** Runs `code`, with this package as `bpf`, beside the test. */
function inAnotherProcess(code: string) {
  const index = fileURLToPath(new URL('../dist/index.js', import.meta.url));
  const script = `import('${index}').then((bpf) => { ${code} })`;
  const child = spawn(process.execPath, ['-e', script], { stdio: 'inherit' });
  const state = {
    ended: false,
    exited: new Promise((done) => {
      child.on('exit', (code) => {
        state.ended = true;
        done(code);
      });
    }),
  };
  return state;
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describeAsRoot('RingBuffer', () => {
  test('is empty at first', () => {
    const { ring } = openRing();
    expect(ring.sizeBytes).toBe(1 << 16);
    expect(ring.availableBytes).toBe(0);
    expect(ring.readRecords(new Uint8Array(1024), SMALL)).toEqual({
      records: 0,
      skipped: 0,
      truncated: false,
    });
  });

  test('reads records in order, packed, and makes room', () => {
    const { ring, fill } = openRing();
    fill({ count: 10 });
    expect(ring.availableBytes).toBe(10 * 32);
    const target = new Uint8Array(1024);
    expect(ring.readRecords(target, SMALL)).toEqual({ records: 10, skipped: 0, truncated: false });
    expect(sequences(target, SMALL, 10)).toEqual(range(0, 10));
    expect(ring.availableBytes).toBe(0);
    expect(ring.consumerPosition).toBe(320n);
    expect(ring.producerPosition).toBe(320n);
  });

  test.each(['max', 'target'])('stops at %s and goes on later', (limit) => {
    const { ring, fill } = openRing();
    fill({ count: 10 });
    const target = new Uint8Array(limit === 'target' ? 4 * SMALL + 5 : 1024);
    const max = limit === 'max' ? 4 : undefined;
    expect(ring.readRecords(target, SMALL, max)).toEqual({ records: 4, skipped: 0, truncated: true });
    expect(ring.readRecords(target, SMALL, max)).toEqual({ records: 4, skipped: 0, truncated: true });
    expect(sequences(target, SMALL, 4)).toEqual([4, 5, 6, 7]);
    expect(ring.readRecords(target, SMALL, max)).toEqual({ records: 2, skipped: 0, truncated: false });
  });

  test('passes over other lengths and counts them', () => {
    const { ring, fill } = openRing();
    fill({ count: 9, largeEvery: 3, odd: true });
    const target = new Uint8Array(1024);
    expect(ring.readRecords(target, SMALL)).toEqual({ records: 6, skipped: 4, truncated: false });
    expect(sequences(target, SMALL, 6)).toEqual([1, 2, 4, 5, 7, 8]);
  });

  test('sorts two lengths into two sinks', () => {
    const { ring, fill } = openRing();
    fill({ count: 100, largeEvery: 4, discardEvery: 5, odd: true });
    const small = { recordBytes: SMALL, target: new Uint8Array(4096), records: 0 };
    const large = { recordBytes: LARGE, target: new Uint8Array(8192), records: 0 };
    const result = ring.readBatch([small, large]);
    expect(result).toEqual({ records: 85, skipped: 1, discarded: 15, stopped: 'empty' });
    expect(sequences(large.target, LARGE, large.records)).toEqual(range(0, 100).filter((i) => i % 4 === 0));
    expect(sequences(small.target, SMALL, small.records)).toEqual(
      range(0, 100).filter((i) => i % 4 !== 0 && i % 5 !== 0),
    );
  });

  test('adds behind what a sink holds, and stops when one is full', () => {
    const { ring, fill } = openRing();
    fill({ count: 10, largeEvery: 5 });
    const small = { recordBytes: SMALL, target: new Uint8Array(6 * SMALL), records: 0 };
    const large = { recordBytes: LARGE, target: new Uint8Array(4 * LARGE), records: 1 };
    expect(ring.readBatch([small, large])).toMatchObject({ records: 8, stopped: 'full' });
    expect([small.records, large.records]).toEqual([6, 3]);
    small.records = 0;
    expect(ring.readBatch([small, large])).toMatchObject({ records: 2, stopped: 'empty' });
    expect(sequences(small.target, SMALL, 2)).toEqual([8, 9]);
    expect(sequences(large.target, LARGE, 3)).toEqual([0, 0, 5]);
  });

  test('copies to targets of any alignment', () => {
    const { ring, fill } = openRing();
    fill({ count: 3 });
    const target = new Uint8Array(1001).subarray(1);
    expect(ring.readRecords(target, SMALL).records).toBe(3);
    expect(sequences(target, SMALL, 3)).toEqual([0, 1, 2]);
  });

  test.each(['readBatch', 'drain'])(
    '%s stops at a record that is being written, also when later ones are done',
    async (way) => {
      const { object, ring } = openRing();
      const writer = inAnotherProcess(`bpf.BpfProgram.fromId(${object.program('fill_slowly').id}).testRun()`);
      const read: number[] = [];
      const readOnce = () => {
        const sink = { recordBytes: SMALL, target: new Uint8Array(1024), records: 0 };
        if (way === 'readBatch') ring.readBatch([sink]);
        else {
          ring.drain((memory, offset, bytes) => {
            sink.target.set(memory.subarray(offset, offset + bytes), sink.records++ * SMALL);
          });
        }
        read.push(...sequences(sink.target, SMALL, sink.records));
      };
      let sawBusy = 0;
      while (!writer.ended) {
        const available = ring.availableBytes;
        readOnce();
        if (available > 0 && read.length === 0) sawBusy++;
        await new Promise((later) => setTimeout(later, 1));
      }
      readOnce();
      expect(await writer.exited).toBe(0);
      expect(sawBusy).toBeGreaterThan(0);
      expect(read).toEqual([1, 2]);
    },
  );

  test('counts what a full ring refuses, and reads all that it took', () => {
    const state = openRing(4096);
    state.fill({ count: 1000 });
    expect(state.lost).toBe(1);
    // The ring takes up to, and not, its full size: a record of 32 bytes fits 127 times into 4096.
    expect(state.made).toBeGreaterThanOrEqual(126);
    const target = new Uint8Array(1 << 16);
    const { records } = state.ring.readRecords(target, SMALL);
    expect(records).toBe(state.made);
    expect(sequences(target, SMALL, records)).toEqual(range(0, state.made));
    state.fill({ count: 1 });
    expect(state.ring.readRecords(target, SMALL).records).toBe(1);
  });

  test('a record that wraps around is in one piece', () => {
    const { ring, fill } = openRing(4096);
    const target = new Uint8Array(4096);
    let next = 0;
    for (let round = 0; round < 500; round++) {
      fill({ count: 13, largeEvery: 1 });
      const { records } = ring.readRecords(target, LARGE);
      const words = new BigUint64Array(target.buffer);
      for (let i = 0; i < records; i++) {
        const record = words.subarray(i * 24, (i + 1) * 24);
        if (record.some((word) => word !== BigInt(next))) throw new Error(`record ${next} is damaged`);
        next++;
      }
    }
    expect(next).toBe(13 * 500);
  });

  test('a million records arrive once each, in order and whole, while another process writes them', async () => {
    const state = openRing(1 << 20);
    state.fill({ count: 0 });
    const { object, ring } = state;
    const writer = inAnotherProcess(`
      const variables = new DataView(bpf.BpfMap.fromId(${object.map('.bss').id}).mmap().buffer);
      const program = bpf.BpfProgram.fromId(${object.program('fill').id});
      variables.setUint32(0, 5000, true);
      variables.setUint32(4, 3, true);
      while (variables.getBigUint64(16, true) < 1_000_000n) program.testRun();`);
    const small = { recordBytes: SMALL, target: new Uint8Array(1 << 16), records: 0 };
    const large = { recordBytes: LARGE, target: new Uint8Array(1 << 18), records: 0 };
    const seen = new Uint8Array(1_010_000);
    let total = 0;
    let batches = 0;
    while (!writer.ended || ring.availableBytes > 0) {
      for (const sink of [small, large]) sink.records = 0;
      total += ring.readBatch([small, large]).records;
      batches++;
      for (const { recordBytes, target, records } of [small, large]) {
        const words = new BigUint64Array(target.buffer);
        let previous = -1n;
        for (let at = 0; at < (records * recordBytes) / 8; at += recordBytes / 8) {
          const sequence = words[at] as bigint;
          for (let k = 1; k < recordBytes / 8; k++) {
            if (words[at + k] !== sequence) throw new Error(`record ${sequence} is damaged`);
          }
          if (sequence <= previous) throw new Error(`record ${sequence} came after ${previous}`);
          previous = sequence;
          seen[Number(sequence)] = 1;
        }
      }
      if (batches % 64 === 0) await new Promise((later) => setImmediate(later));
    }
    expect(await writer.exited).toBe(0);
    expect(total).toBe(state.made);
    expect(total).toBeGreaterThanOrEqual(1_000_000);
    expect(seen.indexOf(0)).toBe(total); // as many as were made, and each of them: none twice
  });

  test('drain gives each record in place, and stops when told to', () => {
    const { ring, fill } = openRing();
    fill({ count: 10, largeEvery: 4, discardEvery: 5 });
    const seen: [number, number][] = [];
    const note = (memory: Uint8Array, offset: number, bytes: number) => {
      seen.push([Number(new DataView(memory.buffer, memory.byteOffset).getBigUint64(offset, true)), bytes]);
    };
    expect(ring.drain(note, 2)).toBe(2);
    expect(
      ring.drain((memory, offset, bytes) => {
        note(memory, offset, bytes);
        return false;
      }),
    ).toBe(1);
    expect(ring.drain(note)).toBe(6);
    expect(seen.map(([sequence]) => sequence)).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9]);
    expect(seen.map(([, bytes]) => bytes)).toEqual([192, 24, 24, 24, 192, 24, 24, 192, 24]);
  });

  test('drain counts the record that its handler failed on as read', () => {
    const { ring, fill } = openRing();
    fill({ count: 2 });
    expect(() =>
      ring.drain(() => {
        throw new Error('mine');
      }),
    ).toThrow('mine');
    expect(ring.availableBytes).toBe(32);
  });

  test('goes on where another reader stopped, from its id', () => {
    const { object, ring, fill } = openRing();
    fill({ count: 5 });
    const target = new Uint8Array(1024);
    ring.readRecords(target, SMALL, 2);
    ring.close();
    using map = BpfMap.fromId(object.map('records').id);
    using second = new RingBuffer(map);
    expect(second.readRecords(target, SMALL).records).toBe(3);
    expect(sequences(target, SMALL, 3)).toEqual([2, 3, 4]);
  });

  test('refuses other maps and use after close', () => {
    const { ring, object } = openRing();
    expect(thrownBy(() => new RingBuffer(object.map('.bss')))).toMatchObject({ code: 'BPF_RING' });
    ring.close();
    ring.close();
    expect(thrownBy(() => ring.readBatch([]))).toMatchObject({ code: 'BPF_CLOSED' });
    expect(thrownBy(() => ring.availableBytes)).toMatchObject({ code: 'BPF_CLOSED' });
  });
});
