// SPDX-License-Identifier: Apache-2.0
import { EngineConfig, encodeEngineConfig } from '@undermesh/bpf-abi';
import { type MapSpec, readObjectSpec } from '@undermesh/libbpf-ts';
import { numberKey } from '../mesh/index.js';
import { type EngineObjectOptions, hasShape, isOwn, sizeOf } from './engine-object.js';
import type { EngineVersion } from './engine-version.js';
import { moduleFor } from './known-objects.js';
import { CONSTANTS, isOfConstants } from './load-object.js';
import { holdsNative } from './native-side.js';

/**
 * Whether what is pinned is this build in all, with the same constants, on maps of the same shapes: told by what the kernel
 * made of these objects when it took them, without loading them. False as well where that is not known.
 */
export function isPinned(options: EngineObjectOptions, pinned: EngineVersion): boolean {
  const { objectFile, extraFiles } = options;
  const held = holdsNative(pinned);
  const files = [objectFile, extraFiles.waypoint, extraFiles.preface];
  const loaded = held ? [...files, extraFiles.native] : files;
  const specs = [...files, extraFiles.native].flatMap((file) => readObjectSpec(file).maps);
  return (
    hasPrograms(options, pinned, loaded) &&
    hasConstants(options, pinned) &&
    specs.every((spec) => (spec.type === 'struct_ops' && !held) || hasMap(options, pinned, spec))
  );
}

function hasPrograms(
  { known, extraFiles }: EngineObjectOptions,
  { programs }: EngineVersion,
  files: readonly string[],
): boolean {
  const tags = files.map((file) => known?.tagsOf(file, ...moduleFor(file === extraFiles.native)));
  const wanted = tags.flatMap((each) => Object.entries(each ?? {}));
  return (
    !tags.includes(undefined) &&
    wanted.length === programs.size &&
    wanted.every(([name, tag]) => programs.get(name)?.tag === tag)
  );
}

function hasConstants({ owner, marksOwnership }: EngineObjectOptions, { maps }: EngineVersion): boolean {
  const found = maps.get(CONSTANTS)?.lookup(numberKey(0))?.subarray(0, EngineConfig.BYTES);
  const wanted = encodeEngineConfig({ owner, marksOwnership: marksOwnership ? 1 : 0 });
  return found !== undefined && Buffer.compare(found, wanted) === 0;
}

function hasMap({ shared, sizes }: EngineObjectOptions, { maps }: EngineVersion, spec: MapSpec): boolean {
  const { name, maxEntries } = spec;
  if (isOfConstants(name)) return true;
  const map = maps.get(name);
  if (map === undefined || isOwn(spec)) return map !== undefined;
  const theirs = shared.get(name);
  if (theirs !== undefined) return theirs.id === map.id;
  return hasShape(map, { ...spec, maxEntries: sizeOf(name, sizes) ?? maxEntries });
}
