// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { delimiter, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Finding } from '@undermesh/schema';
import type { AgentConfig } from '../config/schema.js';
import { environment } from '../environment.js';
import { moduleProblem, readModule } from '../kernel/index.js';
import { found, well } from './finding.js';

/** What a kernel has to be built with for struct_ops of modules. */
const WANTED = ['CONFIG_MODULES', 'CONFIG_BPF_JIT', 'CONFIG_DEBUG_INFO_BTF_MODULES'] as const;
/** What builds the module, by what it is called on the PATH and which package has it. */
const TOOLS = { make: 'make', gcc: 'gcc', pahole: 'dwarves' } as const;

/** What is looked at; everything has the real machine as its default. */
export interface NativeSurroundings {
  readonly release?: string;
  readonly sys?: string;
  /** What stands for /. */
  readonly root?: string;
  readonly path?: string;
}

/** Whether this node can run the kernel-native engine, and what it takes where it cannot. */
export function nativeFindings(
  { engine }: Pick<AgentConfig, 'engine'>,
  surroundings: NativeSurroundings = {},
): Finding[] {
  const problem = moduleProblem(surroundings);
  const { loaded, version } = readModule(surroundings);
  if (problem === null)
    return [well('engines', `this node can run off, dual-engine and kernel-native (module ${version})`)];
  const what = `not kernel-native: ${problem}`;
  const is = engine.default === 'kernel-native' ? 'wrong' : 'ok';
  const engines = found('engines', is, `this node can run off and dual-engine; ${what}`);
  return [engines, ...configuration(surroundings), ...(loaded ? [] : building(surroundings))];
}

/** Nothing where the kernel does not say how it was built. */
function configuration({ release: kernel = release(), root = '/' }: NativeSurroundings): Finding[] {
  const text = configOf(root, kernel);
  if (text === null) return [];
  const missing = WANTED.filter((name) => !text.includes(`\n${name}=y`));
  if (missing.length === 0) return [];
  const mend = 'Nothing to do for dual-engine; else boot a kernel of a distribution.';
  return [
    found('kernel-native.kernel', 'ok', `kernel-native needs a kernel with ${missing.join(', ')}`, mend),
  ];
}

/** Whether the module is there and is only to be loaded, or what building it takes. */
function building({ release: kernel = release(), root = '/', path }: NativeSurroundings): Finding[] {
  const modules = join(root, 'lib/modules', kernel);
  if (readText(join(modules, 'modules.dep')).includes('/undermesh.ko')) {
    return [found('kernel-native.module', 'ok', 'the kernel module is installed', 'modprobe undermesh')];
  }
  const directories = (path ?? environment.PATH ?? '').split(delimiter);
  const absent = Object.entries(TOOLS).filter(
    ([tool]) => !directories.some((directory) => existsSync(join(directory, tool))),
  );
  const packages = [
    ...(existsSync(join(modules, 'build')) ? [] : [`linux-headers-${kernel}`]),
    ...absent.map(([, name]) => name),
  ];
  const what = 'the kernel module is not installed for this kernel';
  if (packages.length === 0)
    return [found('kernel-native.module', 'ok', `${what}, and can be built here`, 'Install undermesh-dkms.')];
  const mend = `apt-get install ${packages.join(' ')}, then undermesh-dkms; in Kubernetes the node's image brings it.`;
  return [found('kernel-native.module', 'ok', `${what}, and cannot be built here yet`, mend)];
}

function configOf(root: string, kernel: string): string | null {
  const file = join(root, 'boot', `config-${kernel}`);
  if (existsSync(file)) return `\n${readText(file)}`;
  try {
    return `\n${gunzipSync(readFileSync(join(root, 'proc/config.gz'))).toString()}`;
  } catch {
    return null;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
