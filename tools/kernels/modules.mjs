// SPDX-License-Identifier: Apache-2.0
// Kernel modules of an unpacked Debian kernel: where they are, and what has to be loaded before them.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Failure } from '../say.mjs';

/**
 * The modules with these names and all that they depend on, each after what it depends on. What is built into the
 * kernel is left out.
 * @param {string} directory `lib/modules/RELEASE`
 * @param {string[]} names
 * @returns {{ name: string, content: Buffer }[]}
 */
export function loadOrder(directory, names) {
  const builtIn = new Set(
    readFileSync(join(directory, 'modules.builtin'), 'utf8').trim().split('\n').map(nameOf),
  );
  const files = new Map(
    readdirSync(directory, { recursive: true })
      .filter((path) => /\.ko(\.xz)?$/.test(path))
      .map((path) => [nameOf(path), join(directory, path)]),
  );
  const order = new Map();
  const visit = (name) => {
    if (builtIn.has(name) || order.has(name)) return;
    const path = files.get(name);
    if (path === undefined) throw new Failure(`the kernel in ${directory} has no module ${name}`);
    const content = readModule(path);
    for (const dependency of dependencies(content)) visit(dependency);
    order.set(name, content);
  };
  names.map(nameOf).forEach(visit);
  return [...order].map(([name, content]) => ({ name, content }));
}

// Files say "-" where the kernel says "_".
const nameOf = (path) =>
  basename(path)
    .replace(/\.ko(\.xz)?$/, '')
    .replaceAll('-', '_');

function readModule(path) {
  if (path.endsWith('.ko')) return readFileSync(path);
  return execFileSync('busybox', ['unxz', '-c', path], { maxBuffer: 64 << 20 });
}

/** The section .modinfo holds `depends=a,b`, ended by a zero byte. */
function dependencies(module) {
  const key = Buffer.from('\0depends=');
  const start = module.indexOf(key);
  if (start < 0) return [];
  const from = start + key.length;
  return module.toString('latin1', from, module.indexOf(0, from)).split(',').filter(Boolean).map(nameOf);
}
