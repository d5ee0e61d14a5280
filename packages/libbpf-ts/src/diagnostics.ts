// SPDX-License-Identifier: Apache-2.0
import koffi from 'koffi';
import { libbpf, libc, type Pointer } from './library.js';

const LIBBPF_DEBUG = 2;
const text = Buffer.alloc(64 * 1024);
let lines: string[] = [];
let callback: Pointer | undefined;

/**
 * Runs `work` while libbpf's warnings and notices are collected, and returns both. Outside of this, libbpf is
 * silent. libbpf keeps one print function per process, so that two worker threads that load objects at the
 * same moment may see each other's lines; nothing else depends on them.
 */
export function withDiagnostics<T>(work: () => T): { result: T; diagnostics: string } {
  const { libbpf_set_print } = libbpf();
  callback ??= koffi.register(collect, koffi.pointer(koffi.proto('int', ['int', 'void *', 'void *'])));
  lines = [];
  libbpf_set_print(callback);
  try {
    const result = work();
    return { result, diagnostics: lines.join('\n') };
  } finally {
    libbpf_set_print(null);
    lines = [];
  }
}

/** `args` is a va_list, which C passes by address on x86-64 and arm64 alike: it is handed on untouched. */
function collect(level: number, format: Pointer, args: Pointer): number {
  if (level >= LIBBPF_DEBUG) return 0;
  const length = libc().vsnprintf(text, text.length, format, args);
  lines.push(text.toString('utf8', 0, Math.min(length, text.length - 1)).trimEnd());
  return 0;
}
