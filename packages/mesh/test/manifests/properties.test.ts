// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Mesh } from '../../src/index.js';
import { FIXTURES, meshDirectory, startedSource } from '../shop.js';

/** Mulberry32: the same numbers in every run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

type Random = (below: number) => number;

function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const left = [...items];
  return items.map(() => left.splice(random(left.length), 1)[0] as Item);
}

const shop = readdirSync(join(FIXTURES, 'shop')).flatMap((name) =>
  readFileSync(join(FIXTURES, 'shop', name), 'utf8').split(/^---$/m),
);

/** A mesh of some services; `version` of a service says what its documents hold. */
function documentsOf(versions: readonly number[]): string[] {
  return versions.flatMap((version, at) => {
    const metadata = { name: `s${at}`, namespace: 'shop' };
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { clusterIP: `10.97.0.${at + 1}`, ports: [{ port: 80, appProtocol: 'http' }] },
    };
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': `s${at}` } },
      addressType: 'IPv4',
      ports: [{ port: 8080 }],
      endpoints: [1, 2, 3].map((host) => ({
        addresses: [`10.2.${at}.${host}`],
        conditions: { ready: host !== version % 4 },
      })),
    };
    return [service, slice].map((object) => JSON.stringify(object));
  });
}

/** Spreads documents over some files, in any order. */
function scatter(directory: string, documents: readonly string[], random: Random): void {
  for (const name of readdirSync(directory)) rmSync(join(directory, name));
  const files = Array.from({ length: 1 + random(4) }, () => [] as string[]);
  for (const document of shuffled(documents, random)) files[random(files.length)]!.push(document);
  files.forEach((parts, at) => {
    writeFileSync(join(directory, `${random(100)}-${at}.yaml`), parts.join('\n---\n'));
  });
}

describe('the mesh', () => {
  it('is the same in whatever order and files its manifests stand', { timeout: 30_000 }, async () => {
    const random = randomOf(1);
    const { mesh } = (await startedSource(meshDirectory())).state;
    const directory = meshDirectory('empty');
    scatter(directory, shop, random);
    const source = await startedSource(directory);
    const first = source.state.mesh;
    expect(first).toEqual(mesh);
    for (let turn = 0; turn < 12; turn++) {
      scatter(directory, shop, random);
      await source.refresh();
      expect(source.state.problems).toEqual([]);
      expect(source.state.mesh).toBe(first);
    }
  });

  it('after any changes is what a fresh start makes of them, of the same objects where nothing changed', {
    timeout: 30_000,
  }, async () => {
    const random = randomOf(2);
    const directory = meshDirectory('empty');
    let versions = Array.from({ length: 12 }, () => 0);
    scatter(directory, documentsOf(versions), random);
    const source = await startedSource(directory);
    for (let turn = 0; turn < 12; turn++) {
      const before = source.state.mesh as Mesh;
      const next = versions.map((version) => (random(4) === 0 ? random(4) : version));
      scatter(directory, documentsOf(next), random);
      await source.refresh();
      const after = source.state.mesh as Mesh;
      expect(after).toEqual((await startedSource(directory)).state.mesh);
      next.forEach((version, at) => {
        const same = after.services.get(`shop/s${at}`) === before.services.get(`shop/s${at}`);
        expect(same).toBe(version === versions[at]);
      });
      versions = next;
    }
  });
});
