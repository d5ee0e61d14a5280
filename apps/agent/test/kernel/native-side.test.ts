// SPDX-License-Identifier: Apache-2.0
//
// The programs for kernels before 6.9 need no module to be loaded: by them the coming and going of the kernel-native
// engine's programs is tried on this kernel. With a module it is tried in a guest: tools/accept/kmod/17-engine.mjs.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Engine as EngineNumber, NATIVE_PROGRAMS } from '@undermesh/bpf-abi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineOptions } from '../../src/kernel/engine.js';
import { Engine, EngineStore, findObjects, KnownObjects, resolveScope } from '../../src/kernel/index.js';
import { isPinned } from '../../src/kernel/pinned-build.js';
import { numberKey } from '../../src/mesh/index.js';
import { EngineBed } from '../engine-bed.js';

const root = process.getuid?.() === 0;

describe.skipIf(!root)('programs of kernel-native (needs root and cgroup v2)', { timeout: 60_000 }, () => {
  let bed: EngineBed;
  let store: EngineStore;
  beforeAll(() => {
    bed = new EngineBed();
  });
  afterAll(() => bed.remove());

  const options = (): EngineOptions => {
    const { engine: objectFile, extras } = findObjects('');
    const native = extras.native.replace('kernel_native.bpf.o', 'kernel_native_classifier.bpf.o');
    return {
      objectFile,
      extraFiles: { ...extras, native },
      waypoints: [],
      scope: resolveScope(bed.cgroup),
      sizes: { services: 256, endpoints: 1024, routes: 1024 },
      owner: 7,
      marksOwnership: true,
      shared: new Map(),
      known: new KnownObjects(join(bed.directory, 'state/test.objects.json')),
      enrol: [],
      onEndpointGone: () => {},
    };
  };
  const open = (): Engine => {
    store = new EngineStore(bed.pins, 'test');
    return new Engine(store, options());
  };
  /** Whether the next run need not load anything. */
  const isKnown = (changed: Partial<EngineOptions> = {}): boolean => {
    using version = store.open();
    return version !== undefined && isPinned({ ...options(), ...changed }, version);
  };
  const pinned = (): string[] =>
    NATIVE_PROGRAMS.filter((name) => existsSync(join(store.directory, 'current/programs', name)));
  const slot = (engine: Engine): Uint8Array | undefined =>
    engine.map('connect4_programs').lookup(numberKey(EngineNumber.KERNEL_NATIVE));

  it('come with an order, are taken up by the next run, and go when nobody needs them', () => {
    let engine = open();
    expect(engine.native.held).toBe(false);
    expect(pinned()).toEqual([]);
    expect(engine.map('route_tables').maxEntries).toBeGreaterThan(0); // its maps are there all the same

    expect(isKnown()).toBe(true);
    engine.native.hold();
    expect(pinned()).toEqual([...NATIVE_PROGRAMS]);
    const word = slot(engine);
    expect(word).toBeDefined();
    engine.close();

    // Without a module that says which it is, its programs are not known by their object.
    expect(isKnown()).toBe(false);
    engine = open();
    expect(engine.native.held).toBe(true);
    expect(slot(engine)).toEqual(word);
    expect(engine.readback().drift).toEqual([]);

    for (let looks = 0; looks < 3; looks++) engine.native.look(true);
    expect(engine.native.held).toBe(true);
    for (let looks = 0; looks < 3; looks++) engine.native.look(false);
    expect(engine.native.held).toBe(false);
    expect(pinned()).toEqual([]);
    expect(slot(engine)).toBeUndefined();
    engine.close();

    expect(isKnown()).toBe(true);
    expect(isKnown({ owner: 8 })).toBe(false);
    expect(isKnown({ sizes: { services: 512, endpoints: 1024, routes: 1024 } })).toBe(false);
    expect(isKnown({ known: new KnownObjects(join(bed.directory, 'another.json')) })).toBe(false);
    EngineStore.remove(bed.pins, 'test');
  });
});
