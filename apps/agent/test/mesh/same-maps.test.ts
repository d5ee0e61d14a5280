// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, setLogLevel } from '@undermesh/core';
import { KubernetesSource, ManifestSource, type Mesh } from '@undermesh/mesh';
import { expect, it, onTestFinished } from 'vitest';
import { manifests } from '../../../../examples/bookshop/src/virtual.js';
import { ApiServer, type KubernetesObject } from '../../../../packages/mesh/test/cluster/api-server.js';
import { compile, flatten, IdBook, MESH_MAPS } from '../../src/mesh/index.js';

setLogLevel('silent');

const objects = manifests() as readonly KubernetesObject[];

async function fromManifests(): Promise<Mesh> {
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-bookshop-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'bookshop.yaml'), objects.map((one) => JSON.stringify(one)).join('\n---\n'));
  const source = new ManifestSource({ directory, log: createLogger('mesh') });
  onTestFinished(() => source.stop());
  await source.start();
  expect(source.state.problems).toEqual([]);
  return source.state.mesh as Mesh;
}

async function fromKubernetes(): Promise<Mesh> {
  // In another order, and with a history.
  const server = await ApiServer.start(objects.toReversed());
  onTestFinished(() => server.remove());
  const access = server.serviceAccount();
  const source = new KubernetesSource({ access, node: 'n1', log: createLogger('mesh'), startMs: 60_000 });
  onTestFinished(() => source.stop());
  await source.start();
  expect(source.state.problems).toEqual([]);
  return source.state.mesh as Mesh;
}

it('the same bookshop from manifests and from Kubernetes gives identical maps', {
  timeout: 60_000,
}, async () => {
  const meshes = [await fromManifests(), await fromKubernetes()];
  expect(meshes[1]).toEqual(meshes[0]);
  for (const node of [...meshes[0]!.nodes.keys(), null]) {
    const here = { node, zone: null, region: null };
    const [these, those] = meshes.map((mesh) =>
      flatten(compile(mesh, { here, book: new IdBook(), prefaces: true }).values()),
    );
    for (const map of MESH_MAPS) {
      if (map !== 'route_texts') expect(these![map].size, map).toBeGreaterThan(0);
      expect(those![map]).toEqual(these![map]);
    }
  }
});
