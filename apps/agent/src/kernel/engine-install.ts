// SPDX-License-Identifier: Apache-2.0
import { type EngineObjectOptions, loadEngine } from './engine-object.js';
import type { EngineStore } from './engine-store.js';
import { EngineVersion } from './engine-version.js';
import { addWhatFollowed, copyMap, isCounted } from './map-migration.js';

/**
 * Has this build pinned and at work, with all that an earlier one has in its maps. Returns why it is not, when the earlier
 * one stays in force; throws that when there is none.
 */
export function installEngine(store: EngineStore, options: EngineObjectOptions): unknown {
  using pinned = store.open();
  try {
    const loaded = loadEngine(options, pinned);
    using object = loaded.object;
    if (loaded.same) return undefined;
    const copies: (() => void)[] = [];
    store.install(
      (directory) => {
        EngineVersion.pin(directory, loaded);
        for (const name of loaded.reshaped) {
          const [from, to] = [pinned?.maps.get(name), object.map(name)];
          if (from === undefined) continue;
          const copied = copyMap(from, to);
          if (isCounted(name)) copies.push(() => addWhatFollowed(from, to, copied));
        }
      },
      () => {
        for (const finish of copies) finish();
      },
    );
    return undefined;
  } catch (error) {
    if (pinned === undefined) throw error;
    return error;
  }
}
