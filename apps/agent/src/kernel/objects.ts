// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ABI_VERSION } from '@undermesh/bpf-abi';
import { type Static, Type } from 'typebox';
import Value from 'typebox/value';
import { agentError } from '../errors.js';
import { hasStructOps } from './native-module.js';

/** Where the compiled eBPF objects of one build lie. */
export interface ObjectFiles {
  readonly observe: string;
  readonly http: string;
  /** The dual engine. */
  readonly engine: string;
  /** What is loaded beside the engine. */
  readonly extras: { readonly waypoint: string; readonly preface: string; readonly native: string };
}

/** Written beside the objects by bpf/manifest.mjs. */
const Manifest = Type.Object({
  abiVersion: Type.Integer(),
  compiler: Type.String(),
  source: Type.String(),
  objects: Type.Record(Type.String(), Type.String({ pattern: '^[0-9a-f]{64}$' })),
});
type Manifest = Static<typeof Manifest>;

/**
 * Finds the eBPF objects and compares each with the manifest of their build. That tells damage and mixtures of builds; who
 * may write there may write the manifest too.
 * @param configured path of observe.bpf.o, beside which the others and `manifest.json` lie; empty: those of this installation
 * @throws {UndermeshError} `object_missing`; `object_damaged`: it is not the file that was built; `object_mismatch`: this
 *   agent is of another build
 */
export function findObjects(configured: string): ObjectFiles {
  const directory = configured === '' ? packagedDirectory() : dirname(configured);
  const manifest = readManifest(directory);
  const checked = (name: string): string => {
    const path = join(directory, name);
    const found = createHash('sha256').update(read(path)).digest('hex');
    if (found === manifest.objects[name]) return path;
    throw agentError('object_damaged', `The eBPF object ${path} is not what manifest.json beside it says.`);
  };
  return {
    observe: checked('observe.bpf.o'),
    http: checked('http.bpf.o'),
    engine: checked('dual_engine.bpf.o'),
    extras: {
      waypoint: checked('waypoint.bpf.o'),
      preface: checked('preface.bpf.o'),
      native: checked(hasStructOps() ? 'kernel_native.bpf.o' : 'kernel_native_classifier.bpf.o'),
    },
  };
}

function readManifest(directory: string): Manifest {
  const path = join(directory, 'manifest.json');
  const manifest = parse(path, read(path).toString());
  if (manifest.abiVersion === ABI_VERSION) return manifest;
  throw agentError(
    'object_mismatch',
    `The eBPF objects in ${directory} have layout ${manifest.abiVersion}, this agent ${ABI_VERSION}.`,
  );
}

function parse(path: string, text: string): Manifest {
  try {
    return Value.Parse(Manifest, JSON.parse(text));
  } catch (cause) {
    throw agentError('object_damaged', `${path} is no manifest of eBPF objects.`, cause);
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw agentError(
      'object_missing',
      `${path} ${existsSync(path) ? 'cannot be read' : 'does not exist'}.`,
      cause,
    );
  }
}

const packagedDirectory = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('@undermesh/bpf/package.json')), 'dist');
