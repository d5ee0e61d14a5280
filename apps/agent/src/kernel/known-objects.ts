// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { machine, release, version } from 'node:os';
import { dirname } from 'node:path';
import { replaceFileSync } from '@undermesh/core';
import { libbpfVersion } from '@undermesh/libbpf-ts';
import { type Static, Type } from 'typebox';
import Value from 'typebox/value';
import { type NativeModuleState, readModule } from './native-module.js';

/** Tags of an object's programs by their names; what objects are known by, oldest first. */
const Tags = Type.Record(Type.String(), Type.String({ pattern: '^[0-9a-f]{16}$' }));
const Contents = Type.Record(Type.String({ pattern: '^[0-9a-f]{64}$' }), Tags);
export type Tags = Static<typeof Tags>;

/** Builds and kernels that are remembered, each with a few objects. */
const KEPT = 32;

/**
 * eBPF objects that this kernel has taken, and what their programs were then, kept on disk: to ask the verifier again takes a
 * second, and minutes where the machine is emulated. What it refused is not kept: the reason may have been another one.
 * Nothing depends on the file: where it cannot be read or written, the kernel is asked each time.
 */
export class KnownObjects {
  readonly #file: string;
  #contents: Static<typeof Contents>;

  constructor(file: string) {
    this.#file = file;
    this.#contents = read(file);
  }

  /** Tags of the programs of an object that this kernel took; `undefined`: it has to be asked. Throws what reading it throws. */
  tagsOf(object: string, module?: NativeModuleState): Tags | undefined {
    const key = keyOf(object, module);
    return key === undefined ? undefined : this.#contents[key];
  }

  /** The kernel has taken these programs of an object; with `module`, they call it. */
  keep(
    object: string,
    programs: readonly { readonly name: string; readonly tag: string }[],
    module?: NativeModuleState,
  ): void {
    const key = keyOf(object, module);
    if (key === undefined) return;
    const tags = Object.fromEntries(programs.map(({ name, tag }) => [name, tag]));
    if (JSON.stringify(this.#contents[key]) === JSON.stringify(tags)) return;
    const others = Object.entries(this.#contents).filter(([other]) => other !== key);
    this.#contents = Object.fromEntries([...others, [key, tags] as const].slice(-KEPT));
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      replaceFileSync(this.#file, `${JSON.stringify(this.#contents)}\n`);
    } catch {
      // then it is not known to the next run
    }
  }
}

/** All that a verdict depends on; `undefined`: the module cannot be told from another one. */
function keyOf(object: string, module?: NativeModuleState): string | undefined {
  if (module !== undefined && module.source === null) return undefined;
  const surroundings = [release(), version(), machine(), libbpfVersion(), module?.source ?? ''];
  return createHash('sha256').update(readFileSync(object)).update(surroundings.join('\n')).digest('hex');
}

function read(file: string): Static<typeof Contents> {
  try {
    const contents: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Value.Check(Contents, contents) ? contents : {};
  } catch {
    return {};
  }
}

/** The module, for objects that call it. */
export const moduleFor = (isNative: boolean): [NativeModuleState?] => (isNative ? [readModule()] : []);
