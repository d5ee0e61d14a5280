// SPDX-License-Identifier: Apache-2.0
// What is run beside the kernel module in guests: its router, the cases of kmod/test/guest, and kmod/test/cost.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand } from '../packages.mjs';
import { root } from '../paths.mjs';

const tests = join(root, 'kmod/test');

const WARNINGS = ['-O2', '-g', '-Wall', '-Werror'];

const clang = (...parameters) => execFileSync(findCommand('clang'), parameters, { stdio: 'inherit' });

/**
 * The hooks and the router of kmod/test/guest/router.bpf.c.
 * @param {string} directory it goes to
 * @param {{ include: string, version: string }} options see fetchLibbpf(); of the kernel: `6.12`
 * @returns {string} its file
 */
export function buildRouter(directory, { include, version }) {
  const output = join(directory, 'router.bpf.o');
  const target = ['-target', 'bpf', '-mcpu=v3', '-D__TARGET_ARCH_x86', ...routerForm(version)];
  const system = ['-idirafter', '/usr/include/x86_64-linux-gnu'];
  const source = join(tests, 'guest/router.bpf.c');
  clang(...WARNINGS, `-I${include}`, ...target, ...system, '-c', source, '-o', output);
  return output;
}

/** A struct_ops, or a classifier before Linux 6.9 (kmod/router.bpf.h). */
function routerForm(version) {
  const [major, minor] = version.split('.').map(Number);
  return major < 6 || (major === 6 && minor < 9) ? ['-DUNDERMESH_CLASSIFIER'] : [];
}

/**
 * All cases in one program, which kmod/test/guest/main.c describes.
 * @param {string} directory it goes to
 * @param {{ include: string, library: string }} libbpf see fetchLibbpf()
 * @returns {string} its file
 */
export function buildCases(directory, libbpf) {
  const sources = readdirSync(join(tests, 'guest')).filter((name) => /^\w+\.c$/.test(name));
  return build('cases', directory, { sources: sources.map((name) => `guest/${name}`), libbpf });
}

/** Likewise, of kmod/test/cost/cost.c. */
export const buildCost = (directory, libbpf) =>
  build('cost', directory, { sources: ['cost/cost.c', 'guest/bed.c', 'guest/programs.c'], libbpf });

function build(name, directory, { sources, libbpf }) {
  const output = join(directory, name);
  const libraries = [`-L${libbpf.library}`, '-lbpf', '-lpthread'];
  const files = sources.map((source) => join(tests, source));
  clang('-std=gnu11', ...WARNINGS, `-I${libbpf.include}`, '-o', output, ...files, ...libraries);
  return output;
}
