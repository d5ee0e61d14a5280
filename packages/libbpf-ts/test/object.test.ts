// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { BpfMap, BpfProgram, openObject, VerifierError } from '../src/index.js';
import { describeAsRoot, fixture, loadFixture, readU32, temporaryBpffs, thrownBy, u32 } from './support.js';

const packet = new Uint8Array(64);

describeAsRoot('BpfObject', () => {
  test('loads maps and programs', () => {
    const object = loadFixture('basics');
    expect(object.name).toBe('basics');
    expect(object.maps().map((map) => map.name)).toContain('count_by_number');
    expect(object.programs().map((program) => program.name)).toEqual([
      'multiply_length',
      'length_times_factor',
    ]);
    expect(object.map('count_by_number').id).toBeGreaterThan(0);
  });

  test('keeps the compiled rodata unless told otherwise', () => {
    expect(loadFixture('basics').program('length_times_factor').testRun({ dataIn: packet }).retval).toBe(64);
  });

  test('sets rodata through a view', () => {
    const object = loadFixture('basics', (opened) =>
      opened.setRodata((view) => {
        expect(view.getUint32(0, true)).toBe(0xfeed);
        view.setUint32(4, 3, true);
      }),
    );
    expect(object.program('length_times_factor').testRun({ dataIn: packet }).retval).toBe(192);
    expect(readU32(object.map('.rodata').lookup(u32(0)))).toBe(0xfeed);
  });

  test('sets rodata from bytes, and data as well', () => {
    const object = loadFixture('basics', (opened) => {
      opened.setRodata(Uint8Array.of(1, 0, 0, 0, 5, 0, 0, 0));
      opened.setRodata(u32(99), '.data');
    });
    expect(object.program('length_times_factor').testRun({ dataIn: packet }).retval).toBe(320);
    expect(readU32(object.map('.data').lookup(u32(0)))).toBe(99);
  });

  test('refuses rodata of another size', () => {
    using object = openObject(fixture('basics'));
    expect(thrownBy(() => object.setRodata(new Uint8Array(3)))).toMatchObject({ code: 'BPF_SIZE' });
    expect(thrownBy(() => object.setRodata(u32(0), 'count_by_number'))).toMatchObject({
      code: 'BPF_NOT_FOUND',
    });
  });

  test('loads what is asked for only', () => {
    const object = loadFixture('basics', (opened) => {
      opened.setAutoload('multiply_length', false);
      opened.setAutoload('optional', true);
    });
    expect(object.programs().map((program) => program.name)).toEqual(['length_times_factor', 'optional']);
    expect(thrownBy(() => object.program('multiply_length'))).toMatchObject({ code: 'BPF_NOT_FOUND' });
  });

  test('sizes maps', () => {
    const object = loadFixture('rings', (opened) => {
      opened.setMaxEntries('records', 1 << 20);
      expect(opened.mapSpec('records').maxEntries).toBe(1 << 20);
    });
    expect(object.map('records').maxEntries).toBe(1 << 20);
  });

  test('reuses a map of the same shape', () => {
    const first = loadFixture('basics');
    const second = loadFixture('basics', (opened) =>
      opened.reuseMap('count_by_number', first.map('count_by_number')),
    );
    expect(second.map('count_by_number').id).toBe(first.map('count_by_number').id);
    second.program('multiply_length').testRun({ dataIn: packet });
    expect([...first.map('count_by_number').keys()].map(readU32)).toEqual([50]); // the packet less its Ethernet header
  });

  test('refuses to reuse a map of another shape, and says what differs', () => {
    using other = BpfMap.create({ type: 'hash', name: 'other', keySize: 4, valueSize: 4, maxEntries: 20000 });
    using object = openObject(fixture('basics'));
    const error = thrownBy(() => object.reuseMap('count_by_number', other));
    expect(error).toMatchObject({ code: 'BPF_INCOMPATIBLE' });
    expect(error.message).toContain('valueSize is 4 and must be 8');
  });

  test("throws the verifier's reason", () => {
    using object = openObject(fixture('refused'));
    const error = thrownBy(() => object.load());
    expect(error).toBeInstanceOf(VerifierError);
    expect(error).toMatchObject({ code: 'BPF_VERIFIER', errnoName: 'EACCES', program: 'dereferences_null' });
    expect(error.message).toContain("R0 invalid mem access 'map_value_or_null'");
    expect(error.message.length).toBeLessThan(300);
    expect(error.log).toContain('processed');
    expect(thrownBy(() => object.load())).toMatchObject({ code: 'BPF_STATE' });
  });

  test('throws for a map that the kernel refuses, with what libbpf said', () => {
    using object = openObject(fixture('rings'));
    object.setMaxEntries('records', 0);
    const error = thrownBy(() => object.load());
    expect(error).toMatchObject({ code: 'BPF_LOAD', errnoName: 'EINVAL' });
    expect(error.diagnostics).toContain("map 'records'");
  });

  test('says in one line what libbpf found wrong', () => {
    using object = openObject(fixture('untraceable'));
    const error = thrownBy(() => object.load());
    expect(error).toMatchObject({ code: 'BPF_LOAD', errnoName: 'ESRCH' });
    expect(error.message).toContain('no_such_tracepoint');
    expect(error.message).not.toContain('\n');
  });

  test('pins maps that ask for it below pinRoot, and adopts them', () => {
    const pinRoot = temporaryBpffs();
    const open = () => openObject(fixture('pinned'), { pinRoot });
    using first = open();
    first.load();
    first.map('kept_numbers').update(u32(1), u32(2));
    first.close();
    using second = open();
    second.load();
    expect(readU32(second.map('kept_numbers').lookup(u32(1)))).toBe(2);
    using third = open();
    third.setMaxEntries('kept_numbers', 32);
    const error = thrownBy(() => third.load());
    expect(error).toMatchObject({ code: 'BPF_LOAD', errnoName: 'EINVAL' });
    expect(error.message).toContain('kept_numbers');
    second.map('kept_numbers').unpin(`${pinRoot}/kept_numbers`);
  });

  test('loads in a worker thread while others load', async () => {
    const index = new URL('../dist/index.js', import.meta.url).href;
    const code = `import(${JSON.stringify(index)}).then(({ openObject }) => {
      for (let i = 0; i < 20; i++) { const o = openObject(${JSON.stringify(fixture('basics'))}); o.load(); o.close(); }
    })`;
    const workers = [1, 2].map(() => new Worker(code, { eval: true }));
    const ended = Promise.all(workers.map((worker) => new Promise((done) => worker.on('exit', done))));
    for (let i = 0; i < 20; i++) loadFixture('basics').close();
    expect(await ended).toEqual([0, 0]);
  });

  test('leaves no file descriptor and no program behind', () => {
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const ids: number[] = [];
    loadFixture('basics').close();
    const before = descriptors();
    for (let i = 0; i < 20; i++) {
      const object = loadFixture('basics');
      ids.push(...object.programs().map((program) => program.id));
      object.map('.bss').mmap();
      object.close();
    }
    expect(descriptors()).toBe(before);
    expect(() => BpfProgram.fromId(ids[0] ?? 0)).toThrow('ENOENT');
  });

  test('says what to do when used too early, too late, or under a wrong name', () => {
    const object = openObject(fixture('basics'));
    expect(thrownBy(() => object.map('count_by_number'))).toMatchObject({ code: 'BPF_STATE' });
    expect(thrownBy(() => object.setAutoload('no_such', true)).message).toContain('multiply_length');
    object.load();
    expect(thrownBy(() => object.setMaxEntries('count_by_number', 1))).toMatchObject({ code: 'BPF_STATE' });
    expect(thrownBy(() => object.map('no_such')).message).toContain('count_by_number');
    const map = object.map('count_by_number');
    const program = object.program('multiply_length');
    object.close();
    object.close();
    expect(thrownBy(() => object.maps())).toMatchObject({ code: 'BPF_CLOSED' });
    expect(thrownBy(() => map.lookup(u32(1)))).toMatchObject({ code: 'BPF_CLOSED' });
    expect(thrownBy(() => map.lookup(u32(1))).message).toContain(
      "map 'count_by_number' failed: it is closed",
    );
    expect(thrownBy(() => program.info())).toMatchObject({ code: 'BPF_CLOSED' });
  });
});
