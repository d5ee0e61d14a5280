// SPDX-License-Identifier: Apache-2.0
import { decodeEngineState, Engine } from '@undermesh/bpf-abi';
import { agentError } from '../errors.js';
import { numberKey } from '../mesh/index.js';
import { type EngineObjectOptions, type Extra, LoadedEngine } from './engine-object.js';
import type { EngineStore } from './engine-store.js';
import { EngineVersion } from './engine-version.js';
import { addWhatFollowed, copyMap, isCounted } from './map-migration.js';
import { isPinned } from './pinned-build.js';

/** What came of an attempt to install a build. */
export interface Installation {
  /** Why an earlier build stays in force; `undefined`: this one is. */
  readonly problem?: unknown;
  /** Why the kernel does not take what is loaded beside the engine. */
  readonly problems?: ReadonlyMap<Extra, string>;
}

/**
 * Has this build pinned and at work, with all that an earlier one has in its maps. Throws why it is not when there is no
 * earlier one.
 */
export function installEngine(store: EngineStore, options: EngineObjectOptions): Installation {
  using pinned = store.open();
  if (pinned !== undefined && isPinned(options, pinned)) return {};
  try {
    using loaded = new LoadedEngine(options, pinned);
    const { problems } = loaded;
    const lost = problems.get('native');
    if (lost !== undefined && isNativeInForce(pinned)) {
      throw agentError('engine_failed', `kernel-native is in force, and cannot be taken over: ${lost}`);
    }
    if (loaded.same) return { problems };
    const copies: (() => void)[] = [];
    store.install(
      (directory) => {
        EngineVersion.pin(directory, loaded);
        for (const name of loaded.reshaped) {
          const [from, to] = [pinned?.maps.get(name), loaded.maps.get(name)];
          if (from === undefined || to === undefined) continue;
          const copied = copyMap(from, to);
          if (isCounted(name)) copies.push(() => addWhatFollowed(from, to, copied));
        }
      },
      () => {
        for (const finish of copies) finish();
      },
    );
    return { problems };
  } catch (error) {
    if (pinned === undefined) throw error;
    return { problem: error };
  }
}

function isNativeInForce(version: EngineVersion | undefined): boolean {
  const word = version?.maps.get('engine_state')?.lookup(numberKey(0));
  return word !== undefined && decodeEngineState(word).engine === Engine.KERNEL_NATIVE;
}
