// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('../bpf/', import.meta.url));
const out = fileURLToPath(new URL('../out/', import.meta.url));

/** The programs that agents run. */
export const observeObject = fileURLToPath(new URL('../../bpf/dist/observe.bpf.o', import.meta.url));

/** Those that read HTTP, on the maps of the others. */
export const httpObject = fileURLToPath(new URL('../../bpf/dist/http.bpf.o', import.meta.url));

/** The dual engine. */
export const dualEngineObject = fileURLToPath(new URL('../../bpf/dist/dual_engine.bpf.o', import.meta.url));

/** Compiles one of the benchmarks' own programs when its source is newer; returns the object's path. */
export function compileObject(name: 'empty' | 'fill' | 'shortcut'): string {
  const source = `${sources}${name}.bpf.c`;
  const object = `${out}${name}.bpf.o`;
  const built = statSync(object, { throwIfNoEntry: false });
  if (built !== undefined && built.mtimeMs > statSync(source).mtimeMs) return object;
  mkdirSync(out, { recursive: true });
  const includes = `-idirafter/usr/include/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  const flags = ['-O2', '-g', '-Wall', '-target', 'bpf', '-mcpu=v3', includes];
  execFileSync('clang', [...flags, '-c', source, '-o', `${object}.part`], { stdio: 'inherit' });
  renameSync(`${object}.part`, object);
  return object;
}
