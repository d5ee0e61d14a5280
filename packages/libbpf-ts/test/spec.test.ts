// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readObjectSpec } from '../src/index.js';
import { fixture, thrownBy } from './support.js';

describe('readObjectSpec', () => {
  test('tells maps, programs and license from the ELF', () => {
    const spec = readObjectSpec(fixture('basics'));
    expect(spec.name).toBe('basics');
    expect(spec.license).toBe('Dual BSD/GPL');
    expect(spec.maps).toContainEqual({
      name: 'count_by_number',
      type: 'hash',
      keySize: 4,
      valueSize: 8,
      maxEntries: 20000,
      flags: 0,
    });
    expect(spec.maps.map((map) => map.name)).toEqual(expect.arrayContaining(['.rodata', '.data', '.bss']));
    expect(spec.programs).toContainEqual({
      name: 'multiply_length',
      section: 'cgroup_skb/egress',
      type: 'cgroup_skb',
      attachType: 'cgroup_inet_egress',
    });
  });

  test('needs no privilege: it asks the kernel nothing', () => {
    const index = fileURLToPath(new URL('../dist/index.js', import.meta.url));
    const script = `import(${JSON.stringify(index)}).then(({ readObjectSpec }) =>
      process.stdout.write(JSON.stringify(readObjectSpec(${JSON.stringify(fixture('sockets'))}))))`;
    const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
    const output = execFileSync(process.execPath, ['-e', script], { ...nobody });
    expect(JSON.parse(output.toString())).toEqual(readObjectSpec(fixture('sockets')));
  });

  test('is the same each time', () => {
    expect(readObjectSpec(fixture('rings'))).toEqual(readObjectSpec(fixture('rings')));
  });

  test('says what is wrong with a file', () => {
    expect(thrownBy(() => readObjectSpec('/nowhere.o'))).toMatchObject({
      code: 'BPF_OPEN',
      errnoName: 'ENOENT',
    });
    const error = thrownBy(() => readObjectSpec('/etc/passwd'));
    expect(error).toMatchObject({ code: 'BPF_OPEN', errnoName: 'LIBBPF_ERRNO__FORMAT' });
    expect(error.message).toContain('/etc/passwd');
  });
});
