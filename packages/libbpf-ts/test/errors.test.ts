// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { BpfError, BpfMap, errorCodes, openObject } from '../src/index.js';
import { describeAsRoot, fixture, thrownBy } from './support.js';

const index = fileURLToPath(new URL('../dist/index.js', import.meta.url));

function runNode(script: string, options: { uid: number; gid: number }) {
  return execFileSync('sh', ['-c', '"$0" -e "$1" 2>&1', process.execPath, script], options).toString();
}

describe('errors', () => {
  test('every code is in the README', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    expect([...readme.matchAll(/^\| `(BPF_[A-Z_]+)`/gm)].map((match) => match[1]).sort()).toEqual(
      [...errorCodes].sort(),
    );
  });

  test('name the error number and the call, and say what to do', () => {
    const error = thrownBy(() => openObject('/no/such.o'));
    expect(error).toBeInstanceOf(BpfError);
    expect(error).toMatchObject({
      name: 'BpfError',
      code: 'BPF_OPEN',
      errno: 2,
      errnoName: 'ENOENT',
      syscall: 'bpf_object__open_file',
    });
    expect(error.message).toMatch(/^Opening the BPF object \/no\/such\.o failed with ENOENT/);
  });
});

describeAsRoot('libbpf', () => {
  test('is asked for by its package where it is missing', () => {
    const loaded = /(\S+libbpf\.so\S+)/.exec(readFileSync('/proc/self/maps', 'utf8'))?.[1];
    const script = `import(${JSON.stringify(index)}).then(({ readObjectSpec }) => {
      try { readObjectSpec('/x.o') } catch (error) { console.log(JSON.stringify({ ...error, name: error.name, message: error.message })) }
    })`;
    const hidden = `mount --bind /dev/null ${loaded} && exec "$0" -e "$1"`;
    const output = execFileSync('unshare', ['--mount', 'sh', '-c', hidden, process.execPath, script]);
    const error = JSON.parse(output.toString());
    expect(error).toMatchObject({ name: 'NotSupportedError', feature: 'libbpf', code: 'BPF_NOT_SUPPORTED' });
    expect(error.message).toContain('apt install libbpf1');
  });

  test('prints nothing, and an unprivileged process is told about privileges', () => {
    const script = `import(${JSON.stringify(index)}).then(({ openObject }) => {
      const object = openObject(${JSON.stringify(fixture('basics'))});
      try { object.load() } catch (error) { console.log(JSON.stringify({ code: error.code, errnoName: error.errnoName, message: error.message })) }
      object.close();
    })`;
    const error = JSON.parse(runNode(script, { uid: 65534, gid: 65534 }));
    expect(error).toMatchObject({ code: 'BPF_LOAD', errnoName: 'EPERM' });
    expect(error.message).toContain('root');
  });

  test('is not asked when sizes are wrong', () => {
    using map = BpfMap.create({ type: 'array', name: 'one', keySize: 4, valueSize: 4, maxEntries: 1 });
    expect(thrownBy(() => map.lookup(new Uint8Array(5)))).toMatchObject({
      errno: 0,
      errnoName: '',
      syscall: '',
    });
  });
});
