// SPDX-License-Identifier: Apache-2.0
//
// The records of requests that the kernel-native engine refuses, without its module: a program asks in its place.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  AddressFamily,
  CloseReason,
  type ConnectionRecordValue,
  decodeConnectionRecord,
  decodeKernelTotals,
  Engine,
  encodeEngineState,
  encodeRouteChoice,
  encodeServiceKey,
  RecordEvent,
} from '@undermesh/bpf-abi';
import { type BpfObject, openObject, RingBuffer } from '@undermesh/libbpf-ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesOf, keyOf, number } from './steered.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const REFUSED = -111;
const COOKIE = 4711n;
const ASKED = { address: 'fd96::7', port: 80 } as const;

describe.skipIf(process.getuid?.() !== 0)(
  'requests that are refused (needs root)',
  { timeout: 30_000 },
  () => {
    let observe: BpfObject;
    let native: BpfObject;
    let ring: RingBuffer;
    const cookie = new Uint8Array(new BigUint64Array([COOKIE]).buffer);

    beforeAll(() => {
      observe = openObject(here('../dist/observe.bpf.o'));
      observe.load();
      native = loadFixture();
      native.map('observed_totals').update(number(0), number(observe.map('totals').fd));
      native.map('observed_records').update(number(0), number(observe.map('records').fd));
      native
        .map('engine_state')
        .update(number(0), encodeEngineState({ engine: Engine.KERNEL_NATIVE, generation: 3 }));
      native.map('vips').update(number(9), encodeServiceKey(keyOf(ASKED)));
      native.map('choices').update(
        cookie,
        encodeRouteChoice({
          endpointId: 1,
          defaultId: 1,
          serviceId: 7,
          slotsId: 100,
          route: 0,
          backend: 0,
          maxConnections: 2,
          family: AddressFamily.IPV6,
          socketV6: 1,
          reserved: new Uint8Array(2),
          vipId: 9,
        }),
      );
      ring = new RingBuffer(observe.map('records'));
    }, 60_000);
    afterAll(() => {
      ring?.close();
      native?.close();
      observe?.close();
    });

    /** What the router answers to the request of this number, and the record that it made. */
    const ask = (request: number): { answer: number; record: ConnectionRecordValue } => {
      const asked = new DataView(new ArrayBuffer(16));
      asked.setBigUint64(0, COOKIE, true);
      asked.setUint32(8, request, true);
      asked.setUint32(12, 5, true); // routes that are not there
      native.map('asked').update(number(0), new Uint8Array(asked.buffer));
      const { retval } = native.program('ask_router').testRun({ dataIn: new Uint8Array(64) });
      const records: ConnectionRecordValue[] = [];
      ring.drain((memory, offset, bytes) =>
        records.push(decodeConnectionRecord(memory.slice(offset, offset + bytes))),
      );
      expect(records).toHaveLength(1);
      return { answer: retval | 0, record: records[0]! };
    };
    const expected = {
      event: RecordEvent.FAILED,
      engine: Engine.KERNEL_NATIVE,
      generation: 3,
      family: AddressFamily.IPV6,
      socketCookie: COOKIE,
      serviceId: 7,
      peerAddress: bytesOf(ASKED.address),
      peerPort: 80,
      originalPort: 80,
      pid: process.pid,
    };

    it('make a record with their reason, of who sent them', () => {
      native.map('service_use').update(number(7), number(2));
      const full = ask(1);
      expect(full.answer).toBe(REFUSED);
      expect(full.record).toMatchObject({ ...expected, reason: CloseReason.TOO_MANY });
      expect(full.record.cgroupId).toBeGreaterThan(0n);
      expect(full.record.netnsCookie).toBeGreaterThan(0n);
      const missing = ask(2);
      expect(missing.answer).toBe(REFUSED);
      expect(missing.record).toMatchObject({ ...expected, reason: CloseReason.NOT_STEERED });
      const emitted = observe.map('totals').lookupPerCpu(number(0)) ?? [];
      expect(emitted.reduce((sum, cpu) => sum + decodeKernelTotals(cpu).endsEmitted, 0n)).toBe(2n);
    });
  },
);

function loadFixture(): BpfObject {
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-refused-'));
  const path = join(directory, 'refused.bpf.o');
  try {
    const triple = execFileSync('clang', ['-print-target-triple']).toString().trim().replace('-pc-', '-');
    const arch = process.arch === 'arm64' ? 'arm64' : 'x86';
    const flags = ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', `-D__TARGET_ARCH_${arch}`];
    const include = ['-idirafter', `/usr/include/${triple}`];
    execFileSync('clang', [...flags, ...include, '-c', here('fixtures/refused.bpf.c'), '-o', path]);
    const object = openObject(path);
    object.setAutoload('native_connect4', false);
    object.setAutoload('native_connect6', false);
    object.load();
    return object;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
