// SPDX-License-Identifier: Apache-2.0
// Another release of the agent and of its eBPF programs: built from this checkout, with a header changed.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binary, root } from '../paths.mjs';

/** Packages that are the release's own; it shares all others with this checkout. */
const OWN = { agent: 'apps/agent', bpf: 'bpf', 'bpf-abi': 'packages/bpf-abi' };

/**
 * Builds it.
 * @param {string} directory to be made
 * @param {(header: string) => string} change what it makes of bpf/include/abi_mesh.h
 * @returns {string} where its files lie, as those of a checkout
 */
export function buildRelease(directory, change) {
  copy(directory, [
    'bpf/include',
    'bpf/Makefile',
    'bpf/manifest.mjs',
    'bpf/package.json',
    'tsconfig.base.json',
  ]);
  copy(
    directory,
    readdirSync(join(root, 'bpf'))
      .filter((name) => name.endsWith('.bpf.c'))
      .map((name) => `bpf/${name}`),
  );
  // What programs for the kernel module include.
  copy(
    directory,
    readdirSync(join(root, 'kmod'))
      .filter((name) => name.endsWith('.h'))
      .map((name) => `kmod/${name}`),
  );
  copy(
    directory,
    ['src', 'generate', 'package.json', 'tsconfig.json'].map((name) => `packages/bpf-abi/${name}`),
  );
  copy(
    directory,
    ['bin', 'dist', 'test/kernel/engine-install.mjs', 'package.json'].map((name) => `apps/agent/${name}`),
  );
  linkModules(directory);
  const header = join(directory, 'bpf/include/abi_mesh.h');
  const text = readFileSync(header, 'utf8');
  const changed = change(text);
  if (changed === text) throw new Error('the header of another release is the same as ours');
  writeFileSync(header, changed);
  const run = (command, parameters) =>
    execFileSync(command, parameters, { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
  run('make', ['-C', 'bpf']);
  mkdirSync(join(directory, 'docs')); // the table of fields is written there
  run(process.execPath, ['packages/bpf-abi/generate/generate.mjs']);
  run(binary('tsc'), ['-p', 'packages/bpf-abi']);
  return directory;
}

function copy(directory, paths) {
  for (const path of paths) cpSync(join(root, path), join(directory, path), { recursive: true });
}

function linkModules(directory) {
  const modules = join(root, 'node_modules');
  mkdirSync(join(directory, 'node_modules/@undermesh'), { recursive: true });
  const link = (name, target) => symlinkSync(target, join(directory, 'node_modules', name));
  for (const name of readdirSync(modules)) if (name !== '@undermesh') link(name, join(modules, name));
  for (const name of readdirSync(join(modules, '@undermesh'))) {
    const own = OWN[name];
    const target = own === undefined ? join(modules, '@undermesh', name) : join(directory, own);
    link(`@undermesh/${name}`, target);
  }
}
