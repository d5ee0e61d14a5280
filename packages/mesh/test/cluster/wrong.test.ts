// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../src/index.js';
import { FIXTURES } from '../shop.js';
import type { KubernetesObject } from './api-server.js';
import { objectsOf, shopObjects, startedServer, startedSource, until } from './cluster.js';

const WRONG = join(FIXTURES, 'wrong');
/** What an API server does not store: no objects at all, kinds it does not know, two of one name, fields that are unknown. */
const NEVER_STORED =
  /^(?:yaml-|json-|kind-|name-missing|metadata-missing|api-version|service-twice|field-misspelt|list-item)/;

// The first line of each file says the one problem that it is as a manifest.
describe('a wrong object of a cluster', { timeout: 120_000 }, () => {
  it('is the same problem as in a manifest, but for the place, and the mesh goes on as it was', async () => {
    const server = await startedServer();
    const source = await startedSource(server);
    const { mesh } = source.state;
    const right = shopObjects();
    const isSame = (one: KubernetesObject, other: KubernetesObject): boolean =>
      one.kind === other.kind && one.metadata.name === other.metadata.name;
    const files = readdirSync(WRONG).filter((name) => !NEVER_STORED.test(name));
    for (const file of files) {
      const text = readFileSync(join(WRONG, file), 'utf8');
      const expected = text
        .split('\n')[0]
        ?.replace(/^# [^ ]+ /, '')
        .replace(/\([a-z.-]+yaml:\d+\)/, '(of this cluster)');
      const wrong = objectsOf(text);
      for (const object of wrong) server.apply(object);
      const errors = (): string[] =>
        source.state.problems.filter(({ severity }) => severity === 'error').map(formatProblem);
      await until(`${file}: ${expected}`, () => errors().join() === expected);
      for (const [key, service] of mesh!.services)
        expect(source.state.mesh!.services.get(key), file).toEqual(service);
      for (const object of wrong) {
        const before = right.find((one) => isSame(one, object));
        if (before === undefined) server.delete(object);
        else server.apply(before);
      }
      await until(`${file} to be mended`, () => isDeepStrictEqual(source.state, { mesh, problems: [] }));
    }
    expect(files.length).toBeGreaterThan(45);
  });
});
