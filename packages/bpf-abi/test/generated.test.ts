// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const generator = fileURLToPath(new URL('../generate/generate.mjs', import.meta.url));
const btf = new URL('../generate/btf.mjs', import.meta.url).href;

describe('the generator', () => {
  let work: string;
  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'undermesh-abi-test-'));
  });
  afterAll(() => rmSync(work, { recursive: true }));

  it('makes of bpf/include/abi.h what is committed', () => {
    const { status, stderr } = spawnSync(process.execPath, [generator, '--check'], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it.each([
    ['implicit padding', 'unsigned char a; unsigned int b;', 'implicit padding before it'],
    ['padding at the end', 'unsigned int b; unsigned char a;', 'implicit padding at its end'],
    ['a bitfield', 'unsigned int a : 3; unsigned int b : 29;', 'bitfields may not cross'],
    ['a union', 'union { unsigned int x; float y; } a;', 'union may not cross'],
    ['a pointer', 'void *a;', 'ptr may not cross'],
  ])('refuses %s', (_, members, message) => {
    const source = join(work, 'bad.c');
    const object = join(work, 'bad.o');
    writeFileSync(source, `struct bad { ${members} }; struct abi { struct bad bad; } abi;\n`);
    expect(spawnSync('clang', ['-g', '-O2', '-target', 'bpf', '-c', source, '-o', object]).status).toBe(0);
    const script = `import { readAbi, readTypes } from ${JSON.stringify(btf)}; readAbi(readTypes(process.argv[1]));`;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, object], {
      encoding: 'utf8',
    });
    expect(status).not.toBe(0);
    expect(stderr).toContain(message);
  });
});
