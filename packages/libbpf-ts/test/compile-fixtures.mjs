// SPDX-License-Identifier: Apache-2.0
//
// Compiles test/fixtures/*.bpf.c to test/out/ (ignored by git), where they changed. For vitest and bench/.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const fixtures = fileURLToPath(new URL('fixtures/', import.meta.url));
const out = fileURLToPath(new URL('out/', import.meta.url));

export function setup() {
  mkdirSync(out, { recursive: true });
  const header = `${out}vmlinux.h`;
  if (!existsSync(header)) {
    const dump = ['btf', 'dump', 'file', '/sys/kernel/btf/vmlinux', 'format', 'c'];
    writeFileSync(header, execFileSync('bpftool', dump, { maxBuffer: 64 << 20 }));
  }
  const architecture = process.arch === 'arm64' ? 'arm64' : 'x86';
  for (const file of readdirSync(fixtures).filter((name) => name.endsWith('.bpf.c'))) {
    const source = `${fixtures}${file}`;
    const object = `${out}${file.replace(/\.c$/, '.o')}`;
    if (existsSync(object) && statSync(object).mtimeMs > statSync(source).mtimeMs) continue;
    const flags = ['-O2', '-g', '-Wall', '-target', 'bpf', `-D__TARGET_ARCH_${architecture}`, `-I${out}`];
    execFileSync('clang', [...flags, '-c', source, '-o', object], { stdio: 'inherit' });
  }
}
