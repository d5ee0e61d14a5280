// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ABI_VERSION } from '@undermesh/bpf-abi';
import { BpfLink, BpfMap } from '@undermesh/libbpf-ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engine, EngineStore, findObjects, ownerOf, resolveScope } from '../../src/kernel/index.js';
import { compile, difference, flatten, IdBook } from '../../src/mesh/index.js';
import { type Client, EngineBed } from '../engine-bed.js';
import { endpoint, meshOf, service } from '../mesh/meshes.js';

const root = process.getuid?.() === 0;
const VIP = '10.96.0.1:80';
const SIZES = { services: 256, endpoints: 1024 };
const script = fileURLToPath(new URL('engine-install.mjs', import.meta.url));

const OBJECTS = ['dual_engine.bpf', 'waypoint.bpf', 'preface.bpf', 'kernel_native.bpf'];

/** Compiles a build whose slots and endpoints have another layout: keys and values have grown. */
function compileNext(directory: string): string {
  const bpf = dirname(dirname(findObjects('').engine));
  mkdirSync(directory);
  for (const name of ['include', 'Makefile', ...OBJECTS.map((object) => `${object}.c`)]) {
    cpSync(join(bpf, name), join(directory, name), { recursive: true });
  }
  const kmod = join(dirname(bpf), 'kmod');
  mkdirSync(join(dirname(directory), 'kmod'));
  for (const name of readdirSync(kmod).filter((each) => each.endsWith('.h'))) {
    cpSync(join(kmod, name), join(dirname(directory), 'kmod', name));
  }
  const header = join(directory, 'include/abi_mesh.h');
  const grown = readFileSync(header, 'utf8')
    .replace('__u32 slot; /* from 0 */', '__u32 slot;\n\t__u32 added;')
    .replace('__u32 other_endpoint_id;\n', '__u32 other_endpoint_id;\n\t__u32 added[5];\n');
  writeFileSync(header, grown);
  execFileSync('make', ['-C', directory, ...OBJECTS.map((object) => `dist/${object}.o`)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return join(directory, 'dist/dual_engine.bpf.o');
}

describe.skipIf(!root)('an upgrade of the engine (needs root and cgroup v2)', { timeout: 120_000 }, () => {
  let bed: EngineBed;
  let client: Client;
  const builds = { former: findObjects('').engine, next: '' };

  beforeAll(async () => {
    bed = new EngineBed();
    builds.next = compileNext(join(bed.directory, 'next'));
    await bed.serve('10.1.0.1:8080', '10.1.0.2:8080');
    client = await bed.client('web');
  }, 120_000);
  afterAll(() => bed.remove());

  const install = async (build: keyof typeof builds, killAt = 0) => {
    const parameters = [script, bed.pins, 'test', builds[build], String(SIZES.endpoints), String(killAt)];
    const child = spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
    let steps = '';
    child.stdout.on('data', (text) => {
      steps += text;
    });
    const [status, signal] = await new Promise<[number | null, string | null]>((ended) =>
      child.on('close', (...how) => ended(how)),
    );
    if (signal !== 'SIGKILL' && status !== 0) throw new Error(`installing ended with ${status}`);
    return { killed: signal === 'SIGKILL', steps: Number(steps) };
  };
  const current = () => join(bed.pins, 'test', String(ABI_VERSION), 'engine', 'current');
  const slots = () => {
    using map = BpfMap.openPinned(join(current(), 'maps/slots'));
    const entries = [...map.entries()].map(([key, value]) => {
      return [
        Buffer.from(key.subarray(0, 12)).toString('hex'),
        Buffer.from(value.subarray(0, 12)).toString('hex'),
      ];
    });
    return { bytes: map.keySize + map.valueSize, entries: entries.sort() };
  };

  it('goes both ways between two layouts, killed at any step: every connect is steered, nothing is forgotten', async () => {
    const store = new EngineStore(bed.pins, 'test');
    const engine = new Engine(store, {
      objectFile: builds.former,
      extraFiles: findObjects('').extras,
      waypoints: [],
      scope: resolveScope(bed.cgroup),
      sizes: SIZES,
      owner: ownerOf('test'),
      marksOwnership: true,
      shared: new Map(),
      enrol: [`/${bed.namespace}/web`],
      onEndpointGone: () => {},
    });
    const mesh = meshOf([
      service('a', { endpoints: [endpoint('10.1.0.1'), endpoint('10.1.0.2', { weight: 3 })] }),
    ]);
    const here = { node: null, zone: null, region: null };
    const contents = compile(mesh, { here, book: new IdBook(), prefaces: true });
    engine.maps.write(difference(engine.maps.written, flatten(contents.values())));
    await engine.apply({ engine: 'dual-engine', generation: 5 });
    engine.close();
    const before = slots();
    expect(before.entries).toHaveLength(2);
    const kept = await client.connect(VIP, { keep: true });

    let stopped = false;
    const failures: unknown[] = [];
    let connects = 0;
    const prober = (async () => {
      const other = await bed.client('web');
      while (!stopped) {
        const { said, error } = await other.connect(VIP);
        connects++;
        if (said === undefined) failures.push(error);
      }
    })();

    const { steps } = await install('next');
    expect(slots()).toEqual({ bytes: before.bytes + 24, entries: before.entries });
    // Staged, committed, each of eleven links, retired, current, done.
    expect(steps).toBe(16);
    for (const [round, killAt] of [2, 7, 13, 14, 15].entries()) {
      const build = round % 2 === 0 ? 'former' : 'next';
      expect(await install(build, killAt)).toMatchObject({ killed: true });
      for (const name of store.links()) {
        using link = BpfLink.openPinned(store.linkPath(name));
        expect(link.info().programId).toBeGreaterThan(0);
      }
      expect((await client.connect(VIP)).said).toBeDefined();
      await install(build);
      expect(slots().entries).toEqual(before.entries);
      expect(slots().bytes).toBe(before.bytes + (build === 'next' ? 24 : 0));
    }
    stopped = true;
    await prober;
    expect(failures).toEqual([]);
    expect(connects).toBeGreaterThan(100);
    expect((await client.echo(kept.id)).said).toBe('again');
    await client.close(kept.id);
  });
});
