// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { BpfMap, type MapDefinition, possibleCpus, UpdateMode } from '../src/index.js';
import {
  describeAsRoot,
  loadFixture,
  readU32,
  readU64,
  temporaryBpffs,
  thrownBy,
  u32,
  u64,
} from './support.js';

const hash: MapDefinition = { type: 'hash', name: 'numbers', keySize: 4, valueSize: 8, maxEntries: 50_000 };

describeAsRoot('BpfMap', () => {
  test('updates, looks up and deletes', () => {
    using map = BpfMap.create(hash);
    expect(map.lookup(u32(1))).toBeUndefined();
    map.update(u32(1), u64(10));
    map.update(u32(1), u64(11), UpdateMode.replace);
    expect(readU64(map.lookup(u32(1)))).toBe(11);
    expect(map.delete(u32(1))).toBe(true);
    expect(map.delete(u32(1))).toBe(false);
    expect(map.info()).toMatchObject({
      name: 'numbers',
      type: 'hash',
      keySize: 4,
      valueSize: 8,
      maxEntries: 50_000,
    });
  });

  test('reports what the kernel refuses', () => {
    using map = BpfMap.create({ ...hash, maxEntries: 1 });
    map.update(u32(1), u64(1));
    expect(thrownBy(() => map.update(u32(1), u64(2), UpdateMode.create))).toMatchObject({
      code: 'BPF_MAP',
      errnoName: 'EEXIST',
      syscall: 'bpf(BPF_MAP_UPDATE_ELEM)',
    });
    expect(thrownBy(() => map.update(u32(2), u64(2)))).toMatchObject({ errnoName: 'E2BIG', errno: 7 });
    expect(thrownBy(() => map.update(u32(2), u64(2), UpdateMode.replace))).toMatchObject({
      errnoName: 'ENOENT',
    });
  });

  test('checks sizes before the kernel reads past the end', () => {
    using map = BpfMap.create(hash);
    expect(thrownBy(() => map.lookup(new Uint8Array(3)))).toMatchObject({ code: 'BPF_SIZE' });
    expect(thrownBy(() => map.update(u32(1), u32(1))).message).toContain(
      'a value is 8 bytes and 4 were given',
    );
    expect(thrownBy(() => map.delete(u64(1)))).toMatchObject({ code: 'BPF_SIZE' });
  });

  test('writes and removes many at once', () => {
    using map = BpfMap.create(hash);
    const count = 5000;
    const keys = new Uint8Array(Uint32Array.from({ length: count }, (_, i) => i).buffer);
    const values = new Uint8Array(BigUint64Array.from({ length: count }, (_, i) => BigInt(i * 3)).buffer);
    map.updateAll({ count, keys, values });
    expect(map.readAll().count).toBe(count);
    expect(readU64(map.lookup(u32(4999)))).toBe(14_997);
    map.delete(u32(0));
    map.delete(u32(2000));
    map.deleteAll(keys.subarray(0, 4 * 4999));
    expect([...map.keys()].map(readU32)).toEqual([4999]);
    map.deleteAll(keys);
    expect(map.readAll().count).toBe(0);
    map.updateAll({ count: 0, keys: new Uint8Array(), values: new Uint8Array() });
    expect(thrownBy(() => map.updateAll({ count: 2, keys: u32(1), values: u64(1) }))).toMatchObject({
      code: 'BPF_SIZE',
    });
    expect(thrownBy(() => map.deleteAll(new Uint8Array(5)))).toMatchObject({ code: 'BPF_SIZE' });
    using small = BpfMap.create({ ...hash, maxEntries: 2 });
    expect(
      thrownBy(() =>
        small.updateAll({ count: 3, keys: keys.subarray(0, 12), values: values.subarray(0, 24) }),
      ),
    ).toMatchObject({ errnoName: 'E2BIG' });
    expect(small.readAll().count).toBe(2);
  });

  test('takes keys and values that are parts of larger memory', () => {
    using map = BpfMap.create(hash);
    const memory = Uint8Array.of(9, 9, 9, 7, 0, 0, 0, 42, 0, 0, 0, 0, 0, 0, 0, 9);
    map.update(memory.subarray(3, 7), memory.subarray(7, 15));
    expect(readU64(map.lookup(u32(7)))).toBe(42);
  });

  test.each([0, 1, 1023, 1024, 1025, 40_000])('reads all of %i entries in batches', (count) => {
    using map = BpfMap.create(hash);
    for (let i = 0; i < count; i++) map.update(u32(i), u64(i * 3));
    const seen = new Map([...map.entries()].map(([key, value]) => [readU32(key), readU64(value)]));
    expect(seen.size).toBe(count);
    for (const [key, value] of seen) expect(value).toBe((key ?? 0) * 3);
    expect([...map.keys()]).toHaveLength(count);
  });

  test('takes entries out as it reads them', () => {
    using map = BpfMap.create(hash);
    for (let i = 0; i < 3000; i++) map.update(u32(i), u64(i));
    expect(map.readAll({ remove: true }).count).toBe(3000);
    expect(map.readAll().count).toBe(0);
  });

  test.each(['array', 'lru_hash', 'lpm_trie'] as const)('reads all of a %s', (type) => {
    const flags = type === 'lpm_trie' ? 1 : 0;
    using map = BpfMap.create({
      ...hash,
      type,
      keySize: type === 'lpm_trie' ? 8 : 4,
      maxEntries: 100,
      flags,
    });
    const keyOf = (i: number) => (type === 'lpm_trie' ? new Uint8Array([32, 0, 0, 0, 10, 0, 0, i]) : u32(i));
    for (let i = 0; i < 100; i++) map.update(keyOf(i), u64(i + 1));
    const values = [...map.entries()].map(([, value]) => readU64(value) ?? 0);
    expect(values.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  });

  test('reads one by one where the map type has no batches', () => {
    using inner = BpfMap.create({ ...hash, name: 'inner' });
    using map = BpfMap.create({
      type: 'devmap_hash',
      name: 'by_device',
      keySize: 4,
      valueSize: 4,
      maxEntries: 8,
    });
    map.update(u32(5), u32(1)); // value: interface index 1, the loopback
    map.update(u32(6), u32(1));
    expect([...map.entries()].map(([key, value]) => [readU32(key), readU32(value)]).sort()).toEqual([
      [5, 1],
      [6, 1],
    ]);
    expect(inner.readAll().count).toBe(0);
  });

  test('says that sk_storage cannot be walked', () => {
    const object = loadFixture('sockets');
    const error = thrownBy(() => object.map('note_by_socket').readAll());
    expect(error).toMatchObject({ name: 'NotSupportedError', code: 'BPF_NOT_SUPPORTED' });
  });

  describe('per CPU', () => {
    const perCpu: MapDefinition = {
      type: 'percpu_hash',
      name: 'per_cpu',
      keySize: 4,
      valueSize: 12,
      maxEntries: 100,
    };
    const valueFor = (cpu: number, key: number) => new Uint8Array(Uint32Array.of(cpu, key, cpu * key).buffer);
    const valuesFor = (key: number) => Array.from({ length: possibleCpus() }, (_, cpu) => valueFor(cpu, key));

    test.each(['percpu_hash', 'percpu_array'] as const)('%s has a value for each CPU', (type) => {
      using map = BpfMap.create({ ...perCpu, type });
      expect(map.perCpu).toBe(true);
      for (let key = 0; key < 100; key++) map.updatePerCpu(u32(key), valuesFor(key));
      expect(map.lookupPerCpu(u32(42))).toEqual(valuesFor(42));
      const seen = new Map([...map.entriesPerCpu()].map(([key, values]) => [readU32(key), values]));
      expect(seen.size).toBe(100);
      for (const [key, values] of seen) expect(values).toEqual(valuesFor(key ?? 0));
    });

    test('refuses the plain operations, which would overrun', () => {
      using map = BpfMap.create(perCpu);
      expect(thrownBy(() => map.lookup(u32(1))).message).toContain('lookupPerCpu');
      expect(thrownBy(() => map.update(u32(1), new Uint8Array(12)))).toMatchObject({ code: 'BPF_SIZE' });
      expect(thrownBy(() => [...map.entries()]).message).toContain('entriesPerCpu');
      expect(map.lookupPerCpu(u32(1))).toBeUndefined();
    });
  });

  describe('mmap', () => {
    test('shows what programs write, and the other way round', () => {
      const object = loadFixture('basics');
      const calls = new BigUint64Array(object.map('.bss').mmap().buffer, 0, 1);
      object.program('length_times_factor').testRun({ dataIn: new Uint8Array(64), repeat: 5 });
      expect(calls[0]).toBe(5n);
      calls[0] = 100n;
      object.program('length_times_factor').testRun({ dataIn: new Uint8Array(64) });
      expect(readU64(object.map('.bss').lookup(u32(0)))).toBe(101);
    });

    test('places array elements 8 bytes apart', () => {
      const live = loadFixture('basics').map('live_values');
      const memory = live.mmap();
      expect(memory.length).toBe(32);
      live.update(u32(3), u32(77));
      expect(new DataView(memory.buffer).getUint32(24, true)).toBe(77);
    });

    test('reads zeros after close, and does not crash', () => {
      const live = loadFixture('basics').map('live_values');
      const memory = live.mmap();
      memory[0] = 1;
      live.close();
      expect(memory[0]).toBe(0);
      memory[0] = 2;
    });

    test('refuses frozen and other maps', () => {
      const object = loadFixture('basics');
      expect(thrownBy(() => object.map('.rodata').mmap())).toMatchObject({ code: 'BPF_MEMORY' });
      expect(thrownBy(() => object.map('count_by_number').mmap())).toMatchObject({ code: 'BPF_MEMORY' });
    });
  });

  describe('pins', () => {
    test('keep a map alive and open it again', () => {
      const path = `${temporaryBpffs()}/numbers`;
      const map = BpfMap.create(hash);
      map.update(u32(1), u64(5));
      map.pin(path);
      map.close();
      using again = BpfMap.openPinned(path);
      expect(readU64(again.lookup(u32(1)))).toBe(5);
      using byId = BpfMap.fromId(again.id);
      expect(byId.info()).toEqual(again.info());
      again.unpin(path);
      expect(thrownBy(() => BpfMap.openPinned(path))).toMatchObject({ code: 'BPF_PIN', errnoName: 'ENOENT' });
    });

    test('are refused outside of a bpffs and where one is', () => {
      using map = BpfMap.create(hash);
      expect(thrownBy(() => map.pin('/tmp/libbpf-ts-no-bpffs'))).toMatchObject({ code: 'BPF_PIN' });
      const path = `${temporaryBpffs()}/numbers`;
      map.pin(path);
      expect(thrownBy(() => map.pin(path))).toMatchObject({ code: 'BPF_PIN', errnoName: 'EEXIST' });
      expect(thrownBy(() => map.unpin('/etc/passwd'))).toMatchObject({ code: 'BPF_PIN' });
    });

    test('of another kind are refused', () => {
      const path = `${temporaryBpffs()}/program`;
      loadFixture('basics').program('multiply_length').pin(path);
      expect(thrownBy(() => BpfMap.openPinned(path)).message).toContain('a program is pinned there');
    });
  });

  test('closes twice, and says so when used after', () => {
    const map = BpfMap.create(hash);
    map.close();
    map.close();
    expect(thrownBy(() => map.fd)).toMatchObject({ code: 'BPF_CLOSED' });
    expect(thrownBy(() => map.update(u32(1), u64(1)))).toMatchObject({ code: 'BPF_CLOSED' });
  });

  test('says when an id is not there', () => {
    expect(thrownBy(() => BpfMap.fromId(2 ** 31 - 1))).toMatchObject({
      code: 'BPF_NOT_FOUND',
      errnoName: 'ENOENT',
    });
  });
});
