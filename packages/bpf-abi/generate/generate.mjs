// SPDX-License-Identifier: Apache-2.0
// bpf/include/abi.h and its parts -> the compiler's BTF -> src/abi.generated.ts and docs/record-fields.md.
// With --check: writes nothing, fails when what is committed differs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readAbi, readNames, readTypes } from './btf.mjs';
import { readComments, writeFieldTable, writeTypeScript } from './write.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
const work = mkdtempSync(join(tmpdir(), 'undermesh-abi-'));
const object = join(work, 'abi.o');
try {
  const triple = execFileSync('clang', ['-print-target-triple']).toString().trim().replace('-pc-', '-');
  const flags = ['-O2', '-g', '-target', 'bpf', '-D__bpf__', '-idirafter', `/usr/include/${triple}`];
  execFileSync('clang', [...flags, '-c', join(here, 'abi.c'), '-o', object]);
  const headers = join(root, 'bpf/include');
  const header = readdirSync(headers)
    .filter((name) => /^abi(_\w+)?\.h$/.test(name))
    .map((name) => readFileSync(join(headers, name), 'utf8'))
    .join('');
  const abi = readAbi(readTypes(object));
  const version = Number(/#define UNDERMESH_ABI_VERSION (\d+)/.exec(header)?.[1]);
  const namesOf = (name) => readNames(readTypes(join(root, `bpf/dist/${name}.bpf.o`)));
  const names = {
    observe: namesOf('observe'),
    http: namesOf('http'),
    dualEngine: namesOf('dual_engine'),
    waypoint: namesOf('waypoint'),
    preface: namesOf('preface'),
    native: namesOf('kernel_native'),
  };
  const comments = readComments(header);
  const outputs = new Map([
    [join(here, '../src/abi.generated.ts'), writeTypeScript({ abi, names, version, comments })],
    [join(root, 'docs/record-fields.md'), writeFieldTable({ abi, comments })],
  ]);
  for (const [path, text] of outputs) {
    if (!process.argv.includes('--check')) writeFileSync(path, text);
    else if (readFileSync(path, 'utf8') !== text) {
      process.stderr.write(`${path} is not what bpf/include/abi.h says: run \`npm run generate\`\n`);
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(work, { recursive: true });
}
