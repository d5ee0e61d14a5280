// SPDX-License-Identifier: Apache-2.0
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ManifestSource, MeshState } from '../../src/index.js';
import { meshDirectory, startedSource } from '../shop.js';

const edit = (file: string, change: (text: string) => string): void => {
  writeFileSync(`${file}.tmp`, change(readFileSync(file, 'utf8')));
  renameSync(`${file}.tmp`, file);
};

/** The next state that the source tells of. */
const nextState = (source: ManifestSource): Promise<MeshState> =>
  new Promise((resolve) => {
    const end = source.subscribe((state) => {
      end();
      resolve(state);
    });
  });

const service = (name: string, address: string): string =>
  `---\napiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { clusterIP: ${address}, ports: [{ port: 80 }] }\n`;

describe('ManifestSource', () => {
  it('makes a mesh of a directory', async () => {
    const { mesh } = (await startedSource(meshDirectory())).state;
    expect([...(mesh?.services.keys() ?? [])]).toEqual(['shop/cart', 'shop/names']);
    const cart = mesh?.services.get('shop/cart');
    expect(cart).toMatchObject({
      addresses: { v4: ['10.96.0.10'], v6: ['fd00:96::10'] },
      ports: [
        { name: 'http', port: 80, http: true, targetPort: 8080 },
        { name: 'metrics', port: 9090, http: false, targetPort: 9090 },
      ],
      balancing: 'least-connections',
      locality: { mode: 'failover', scopes: ['node', 'zone'] },
      maxConnections: 100,
      waypoint: { namespace: 'shop', name: 'shop' },
      endpoints: [
        { address: '10.1.0.1', state: 'usable', weight: 1, node: 'alpha', zone: 'west-1', region: 'west' },
        { address: '10.1.0.2', state: 'draining', node: 'beta', zone: 'west-2' },
        { address: '10.1.0.3', state: 'usable', weight: 3, node: null, zone: 'west-2', region: 'west' },
      ],
    });
    expect(cart?.endpoints[0]?.ports).toEqual({ http: 8080, metrics: 9090 });
    expect(cart?.routes[0]?.rateLimit).toEqual({ requests: 100, intervalMs: 1000, burst: 20 });
    expect(cart?.routes[0]?.rules[0]).toMatchObject({
      matches: [
        { path: { kind: 'prefix', value: '/v2' }, method: 'GET', headers: [{ name: 'x-try', value: 'yes' }] },
        { path: { kind: 'prefix', value: '/' }, query: [{ kind: 'regex', name: 'v', value: '2|two' }] },
      ],
      requestHeaders: { set: [{ name: 'x-from', value: 'mesh' }], remove: ['cookie'] },
      rewrite: { hostname: 'cart.internal', path: null },
      backends: [{ weight: 9 }, { weight: 1, responseHeaders: { add: [{ name: 'x-canary', value: '1' }] } }],
      timeouts: { requestMs: 90_000, backendRequestMs: 500 },
      retry: { attempts: 2, codes: [503], backoffMs: 100 },
    });
    expect(mesh?.services.get('shop/names')).toMatchObject({
      waypoint: null,
      locality: { mode: 'strict', scopes: ['node'] },
      ports: [{ name: '', protocol: 'udp', http: false }],
    });
    expect(mesh?.waypoints.get('shop/shop')).toMatchObject({
      addresses: { v4: ['10.0.0.2'], v6: ['fd00::2'] },
      listeners: [
        { transport: 'proxy-v2', port: 15009 },
        { transport: 'syn-option', port: 15008 },
      ],
      node: 'beta',
      routes: [
        {
          hostnames: ['*.shop.example'],
          rules: [{ redirect: { scheme: 'https', port: 8443, status: 301 } }],
        },
      ],
    });
    expect(mesh?.waypoints.has('shop/edge')).toBe(false);
    expect(mesh?.nodes.get('alpha')?.engine).toBe('dual-engine');
  });

  it('keeps every object that did not change', async () => {
    const directory = meshDirectory();
    const source = await startedSource(directory);
    const before = source.state.mesh!;
    edit(join(directory, 'shop.yaml'), (text) =>
      text.replace('undermesh.io/weight: "3"', 'undermesh.io/weight: "5"'),
    );
    await source.refresh();
    const after = source.state.mesh!;
    const [cartBefore, cartAfter] = [before, after].map((mesh) => mesh.services.get('shop/cart')!);
    expect(after).not.toBe(before);
    expect(cartAfter!.endpoints[2]!.weight).toBe(5);
    expect(cartAfter!.endpoints[0]).toBe(cartBefore!.endpoints[0]);
    expect(cartAfter!.endpoints[1]).toBe(cartBefore!.endpoints[1]);
    expect(cartAfter!.ports).toBe(cartBefore!.ports);
    expect(cartAfter!.routes).toBe(cartBefore!.routes);
    expect(after.services.get('shop/names')).toBe(before.services.get('shop/names'));
    expect(after.waypoints).toBe(before.waypoints);
    expect(after.nodes).toBe(before.nodes);
  });

  it('is the same mesh after a change that means nothing, and tells nobody', async () => {
    const directory = meshDirectory();
    const source = await startedSource(directory);
    const { mesh } = source.state;
    let told = 0;
    source.subscribe(() => told++);
    edit(
      join(directory, 'shop.yaml'),
      (text) => `# A word.\n\n${text.replace('name: cart\n', 'name: "cart"\n')}`,
    );
    renameSync(join(directory, 'nodes.yaml'), join(directory, 'z.yml'));
    await source.refresh();
    expect(source.state.mesh).toBe(mesh);
    expect(told).toBe(0);
  });

  it('hears of files written, replaced and removed, also in directories made later', async () => {
    const directory = meshDirectory('empty');
    const source = await startedSource(directory);
    expect(source.state.mesh?.services.size).toBe(0);
    const names = async (change: () => void): Promise<string[]> => {
      const state = nextState(source);
      change();
      return [...((await state).mesh?.services.keys() ?? [])];
    };
    const file = join(directory, 'a.yaml');
    expect(await names(() => writeFileSync(file, service('a', '10.96.1.1')))).toEqual(['default/a']);
    expect(await names(() => appendFileSync(file, service('b', '10.96.1.2')))).toEqual([
      'default/a',
      'default/b',
    ]);
    expect(await names(() => edit(file, () => service('c', '10.96.1.3')))).toEqual(['default/c']);
    const within = join(directory, 'within');
    mkdirSync(within);
    await source.refresh();
    expect(await names(() => writeFileSync(join(within, 'd.yaml'), service('d', '10.96.1.4')))).toEqual([
      'default/c',
      'default/d',
    ]);
    expect(await names(() => rmSync(within, { recursive: true }))).toEqual(['default/c']);
  });

  it('sees by the clock what nobody tells', async () => {
    const directory = meshDirectory('empty');
    const elsewhere = join(meshDirectory('empty'), 'a.yaml');
    writeFileSync(elsewhere, service('a', '10.96.1.1'));
    symlinkSync(elsewhere, join(directory, 'a.yaml'));
    const source = await startedSource(directory, 20);
    const state = nextState(source);
    edit(elsewhere, () => service('b', '10.96.1.2'));
    expect([...((await state).mesh?.services.keys() ?? [])]).toEqual(['default/b']);
  });

  it('takes a mounted ConfigMap, and its swap of links, as one set of files', async () => {
    const directory = meshDirectory('empty');
    for (const [version, address] of [
      ['..1', '10.96.1.1'],
      ['..2', '10.96.1.2'],
    ] as const) {
      mkdirSync(join(directory, version));
      writeFileSync(join(directory, version, 'a.yaml'), service('a', address));
    }
    symlinkSync('..1', join(directory, '..data'));
    symlinkSync('..data/a.yaml', join(directory, 'a.yaml'));
    const source = await startedSource(directory);
    const state = nextState(source);
    symlinkSync('..2', join(directory, '..data_tmp'));
    renameSync(join(directory, '..data_tmp'), join(directory, '..data'));
    expect((await state).mesh?.services.get('default/a')?.addresses.v4).toEqual(['10.96.1.2']);
  });

  it('leaves alone what editors leave lying about, hidden files and other names', async () => {
    const directory = meshDirectory('empty');
    for (const name of [
      '.a.yaml.swp',
      'a.yaml~',
      '#a.yaml#',
      '.#a.yaml',
      'a.yaml.tmp',
      '4913',
      'README.md',
      '.b.yaml',
    ])
      writeFileSync(join(directory, name), 'no: [manifest');
    expect((await startedSource(directory)).state).toMatchObject({
      mesh: { services: new Map() },
      problems: [],
    });
  });

  it('says what is wrong with files, and goes on when they are mended', async () => {
    const directory = meshDirectory();
    const source = await startedSource(directory);
    const { mesh } = source.state;
    const file = join(directory, 'latin.yaml');
    writeFileSync(file, Buffer.from([0x23, 0xe9, 0x0a]));
    await source.refresh();
    expect(source.state.problems).toMatchObject([
      { file, message: 'the file is not UTF-8', mend: 'save it as UTF-8' },
    ]);
    rmSync(file);
    renameSync(directory, `${directory}-away`);
    await source.refresh();
    expect(source.state.problems).toMatchObject([{ file: directory, severity: 'error' }]);
    expect(source.state.mesh).toBe(mesh);
    renameSync(`${directory}-away`, directory);
    await source.refresh();
    expect(source.state).toEqual({ mesh, problems: [] });
  });

  it('warns of what is left out, and takes the rest', async () => {
    const directory = meshDirectory();
    writeFileSync(
      join(directory, 'more.yaml'),
      `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: cart }\n${service('a', '10.96.1.1').replace('port: 80', 'port: 80, protocol: SCTP')}`,
    );
    const { mesh, problems } = (await startedSource(directory)).state;
    expect(mesh?.services.get('default/a')?.ports).toEqual([]);
    expect(problems.map(({ severity, line, message }) => [severity, line, message])).toEqual([
      ['warning', 2, 'objects of kind Deployment are not looked at'],
      ['warning', 8, 'a port of protocol SCTP is left out'],
    ]);
  });
});
